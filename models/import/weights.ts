import type { ExternalLocation } from './graph.ts';
import { rowBytes } from './choices/precision.ts';
import type { MatrixFormat } from './choices/precision.ts';
import { elements } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';

/** Every initializer starts at a multiple of this, so that a mapped file can be read in place. */
const alignment = 64;

/** How much goes into one of anything. */
export interface Limits {
  /** Of an external file. Some file systems and tools stop at 2 GiB. */
  fileBytes: number;
  /** Of a tensor in a graph: 2 GB is a ceiling for one, and a matrix beyond this is cut into parts by its rows. */
  tensorBytes: number;
  /** Values of a tensor that are converted at once: what bounds an import's memory. */
  pieceValues: number;
}

export const defaultLimits: Limits = { fileBytes: 1.9e9, tensorBytes: 2 ** 30, pieceValues: 1 << 21 };

/** Some rows of a checkpoint's tensor, and where they go. The unit of work, of progress and of resuming. */
export interface Piece {
  tensor: StoredTensor;
  columns: number;
  firstRow: number;
  rows: number;
  format: MatrixFormat;
  /** Name of the external file. */
  file: string;
  valuesAt: number;
  /** Null for floats. */
  scalesAt: number | null;
}

/** Where in its file a piece goes: the place and the bytes of its values, and of its scales where it has any. */
export function pieceRanges(piece: Piece): [at: number, bytes: number][] {
  const width = rowBytes(piece.format, piece.columns);
  const values: [number, number] = [piece.valuesAt, piece.rows * width.values];
  return piece.scalesAt === null ? [values] : [values, [piece.scalesAt, piece.rows * width.scales]];
}

/** Bytes that a piece becomes. */
export const pieceBytes = (piece: Piece): number =>
  pieceRanges(piece).reduce((sum, [, bytes]) => sum + bytes, 0);

/** Some rows of a matrix as they lie in an external file. */
export interface MatrixPart {
  firstRow: number;
  rows: number;
  values: ExternalLocation;
  /** Null for floats. */
  scales: ExternalLocation | null;
}

/** How a matrix is stored: for a graph to take as Gemm's B, or as MatMulNBits' B and scales. */
export interface StoredMatrix {
  format: MatrixFormat;
  rows: number;
  columns: number;
  /** By rows, one after the other; mostly a single one. */
  parts: MatrixPart[];
}

/**
 * The external files of one graph, or of several that run the same weights, planned before they are written: places
 * are given out first, so that a graph can name them, with the pieces of work that will fill them. The same weights
 * in the same format have one place, however often they are asked for.
 */
export class ExternalData {
  readonly files: { name: string; bytes: number }[] = [];
  readonly pieces: Piece[] = [];
  private readonly name: string;
  private readonly limits: Limits;
  private readonly placed = new Map<string, ExternalLocation | StoredMatrix>();

  /** @param name of the first file; further ones get `_1`, `_2`... behind it */
  constructor(name: string, limits: Limits) {
    this.name = name;
    this.limits = limits;
  }

  get bytes(): number {
    return this.files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Tensors one after the other as 32-bit floats. */
  floats(tensors: StoredTensor[]): ExternalLocation {
    return this.once(`floats ${namesOf(tensors)}`, () => this.placeFloats(tensors));
  }

  /** Matrices of [rows, columns], joined by their rows. */
  matrix(tensors: StoredTensor[], columns: number, format: MatrixFormat): StoredMatrix {
    return this.once(`${JSON.stringify(format)} ${columns} ${namesOf(tensors)}`, () =>
      this.placeMatrix(tensors, columns, format),
    );
  }

  private once<T extends ExternalLocation | StoredMatrix>(key: string, place: () => T): T {
    const known = this.placed.get(key) as T | undefined;
    if (known !== undefined) return known;
    const location = place();
    this.placed.set(key, location);
    return location;
  }

  private placeFloats(tensors: StoredTensor[]): ExternalLocation {
    const values = tensors.reduce((sum, tensor) => sum + elements(tensor.shape), 0);
    const location = this.place(values * 4);
    let at = location.offset;
    for (const tensor of tensors) {
      const columns = elements(tensor.shape);
      const format = { kind: 'fp32' } as const;
      const place = { file: location.file, valuesAt: at, scalesAt: null };
      this.pieces.push({ tensor, columns, firstRow: 0, rows: 1, format, ...place });
      at += columns * 4;
    }
    return location;
  }

  private placeMatrix(tensors: StoredTensor[], columns: number, format: MatrixFormat): StoredMatrix {
    const rows = tensors.reduce((sum, tensor) => sum + rowsOf(tensor, columns), 0);
    const width = rowBytes(format, columns);
    const most = Math.max(1, Math.floor(this.limits.tensorBytes / width.values));
    const count = Math.ceil(rows / most);
    const parts: MatrixPart[] = [];
    for (let part = 0; part < count; part++) {
      const firstRow = Math.floor((rows * part) / count);
      const partRows = Math.floor((rows * (part + 1)) / count) - firstRow;
      // Both in one file, so that a piece of work has one file to write to.
      this.startFileUnlessRoom(partRows * (width.values + width.scales) + alignment);
      const values = this.place(partRows * width.values);
      const scales = width.scales === 0 ? null : this.place(partRows * width.scales);
      const placed = { firstRow, rows: partRows, values, scales };
      parts.push(placed);
      this.plan(tensors, columns, format, placed);
    }
    return { format, rows, columns, parts };
  }

  /** The pieces of the tensors' rows that fall into a part. */
  private plan(tensors: StoredTensor[], columns: number, format: MatrixFormat, part: MatrixPart): void {
    const width = rowBytes(format, columns);
    const rowsAtOnce = Math.max(1, Math.floor(this.limits.pieceValues / columns));
    const partEnd = part.firstRow + part.rows;
    let tensorFirst = 0;
    for (const tensor of tensors) {
      const tensorEnd = tensorFirst + rowsOf(tensor, columns);
      let row = Math.max(tensorFirst, part.firstRow);
      while (row < Math.min(tensorEnd, partEnd)) {
        const rows = Math.min(rowsAtOnce, tensorEnd - row, partEnd - row);
        const before = row - part.firstRow;
        this.pieces.push({
          tensor,
          columns,
          firstRow: row - tensorFirst,
          rows,
          format,
          file: part.values.file,
          valuesAt: part.values.offset + before * width.values,
          scalesAt: part.scales && part.scales.offset + before * width.scales,
        });
        row += rows;
      }
      tensorFirst = tensorEnd;
    }
  }

  private startFileUnlessRoom(bytes: number): void {
    const last = this.files.at(-1);
    if (last && aligned(last.bytes) + bytes <= this.limits.fileBytes) return;
    const suffix = this.files.length === 0 ? '' : `_${this.files.length}`;
    this.files.push({ name: this.name + suffix, bytes: 0 });
  }

  private place(bytes: number): ExternalLocation {
    this.startFileUnlessRoom(bytes);
    const file = this.files.at(-1)!;
    const offset = aligned(file.bytes);
    file.bytes = offset + bytes;
    return { file: file.name, offset, bytes };
  }
}

const namesOf = (tensors: StoredTensor[]): string => tensors.map(({ name }) => name).join('|');
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
const rowsOf = (tensor: StoredTensor, columns: number): number => elements(tensor.shape) / columns;
