import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { toFloat16 } from '../../main/inference/onnx/index.ts';
import { rowBytes } from './choices/precision.ts';
import { quantiseRow } from './quantisation.ts';
import { FloatReader } from './safetensors.ts';
import type { LowRank, StoredTensor } from './safetensors.ts';
import type { Piece } from './weights.ts';

/** A piece as it is to be written. The arrays are views of buffers that the next piece overwrites. */
export interface ConvertedPiece {
  values: Uint8Array;
  scales: Uint8Array | null;
}

/** Turns pieces of tensors into what the model stores, one after the other, in memory that it keeps. */
export class PieceConverter {
  private readonly files = new Map<string, FileHandle>();
  private readonly reader = new FloatReader();
  private readonly adapterReader = new FloatReader();
  /** The A of the adapter that was used last: pieces of one tensor follow each other. */
  private lowRank: { tensor: string; values: Float32Array } | null = null;
  private added = new Float64Array(0);
  private values = new Uint8Array(0);
  private scales = new Float32Array(0);

  /**
   * @throws WorkstationError `model-altered-file` for values that are no finite numbers, with their count and the
   *   tensor's name; `model-unsupported` for one that half precision can't hold
   */
  async convert(piece: Piece): Promise<ConvertedPiece> {
    const { tensor, columns, firstRow, rows, format } = piece;
    const floats = await this.reader.read(
      await this.open(tensor.file),
      tensor,
      firstRow * columns,
      rows * columns,
    );
    if (tensor.adapter) await this.adapt(floats, tensor.adapter, piece);
    if (format.kind === 'fp32') return { values: asBytes(floats), scales: null };
    const width = rowBytes(format, columns);
    if (this.values.length < rows * width.values) this.values = new Uint8Array(rows * width.values);
    const values = this.values.subarray(0, rows * width.values);
    if (format.kind === 'fp16') {
      const tooLarge = toFloat16(floats, new Uint16Array(values.buffer, 0, floats.length));
      if (tooLarge >= 0) throw beyondHalf(tensor, floats[tooLarge]!, firstRow * columns + tooLarge);
      return { values, scales: null };
    }
    const blocks = width.scales / 4;
    if (this.scales.length < rows * blocks) this.scales = new Float32Array(rows * blocks);
    const scales = this.scales.subarray(0, rows * blocks);
    for (let row = 0; row < rows; row++) {
      quantiseRow(
        floats.subarray(row * columns, (row + 1) * columns),
        format,
        values.subarray(row * width.values, (row + 1) * width.values),
        scales.subarray(row * blocks, (row + 1) * blocks),
      );
    }
    return { values, scales: asBytes(scales) };
  }

  /** Adds scale * B A to some rows of W, in 32 bits whatever the weights are stored as. */
  private async adapt(floats: Float32Array, { a, b, rank, scale }: LowRank, piece: Piece): Promise<void> {
    const { columns, firstRow, rows } = piece;
    if (this.lowRank?.tensor !== a.name) {
      const values = await this.adapterReader.read(await this.open(a.file), a, 0, rank * columns);
      this.lowRank = { tensor: a.name, values: values.slice() };
    }
    const factors = await this.adapterReader.read(await this.open(b.file), b, firstRow * rank, rows * rank);
    const { values } = this.lowRank;
    if (this.added.length !== columns) this.added = new Float64Array(columns);
    const added = this.added;
    for (let row = 0; row < rows; row++) {
      // Summed in 64 bits and rounded once, as if the merged matrix had been computed exactly.
      added.fill(0);
      for (let index = 0; index < rank; index++) {
        const factor = scale * factors[row * rank + index]!;
        const begin = index * columns;
        for (let column = 0; column < columns; column++) added[column]! += factor * values[begin + column]!;
      }
      const target = floats.subarray(row * columns, (row + 1) * columns);
      for (let column = 0; column < columns; column++) target[column]! += added[column]!;
    }
  }

  async close(): Promise<void> {
    for (const handle of this.files.values()) await handle.close();
    this.files.clear();
  }

  private async open(file: string): Promise<FileHandle> {
    const known = this.files.get(file);
    if (known) return known;
    const handle = await open(file, 'r');
    this.files.set(file, handle);
    return handle;
  }
}

function beyondHalf(tensor: StoredTensor, value: number, position: number): WorkstationError {
  return new WorkstationError(
    'model-unsupported',
    `${tensor.name} in ${basename(tensor.file)} holds ${value} at position ${position}, which fp16 cannot hold.`,
    'Import the checkpoint as fp32, q8 or int4.',
  );
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
