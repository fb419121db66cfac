import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import type { ModelFile } from '../../preload/contract/model.ts';
import type { ExternalLocation } from './graph.ts';
import { blockSize, quantiseRow } from './quantisation.ts';
import { elements, readFloats } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';

/** Every initializer starts at a multiple of this, so that a mapped file can be read in place. */
const alignment = 64;
/** Values converted at once: 4 MiB of floats, whatever the size of the tensor. */
const valuesAtOnce = 1 << 20;

interface Segment {
  offset: number;
  bytes: number;
  produce: () => AsyncGenerator<Uint8Array>;
}

/** How a matrix is stored: for a graph to take as Gemm's B, or as MatMulNBits' B and scales. */
export type StoredMatrix =
  | { kind: 'fp32'; rows: number; columns: number; values: ExternalLocation }
  | { kind: 'q8'; rows: number; columns: number; values: ExternalLocation; scales: ExternalLocation };

/**
 * One `.onnx_data` file, planned before it is written: places are given out first, so that the graph can name
 * them; the bytes follow tensor by tensor, in order.
 */
export class ExternalData {
  readonly file: string;
  private readonly segments: Segment[] = [];
  private end = 0;

  constructor(file: string) {
    this.file = file;
  }

  get bytes(): number {
    return this.end;
  }

  /** Tensors one after the other as 32-bit floats: a vector, or matrices joined by their rows. */
  floats(tensors: StoredTensor[]): ExternalLocation {
    const values = tensors.reduce((sum, tensor) => sum + elements(tensor.shape), 0);
    return this.place(values * 4, async function* () {
      for (const tensor of tensors) {
        for await (const piece of readFloats(tensor, valuesAtOnce)) yield asBytes(piece);
      }
    });
  }

  /** Matrices of [rows, columns], joined by their rows, as fp32 or in 8 bits. */
  matrix(tensors: StoredTensor[], columns: number, dtype: 'fp32' | 'q8'): StoredMatrix {
    const rows = tensors.reduce((sum, tensor) => sum + elements(tensor.shape) / columns, 0);
    if (dtype === 'fp32') return { kind: 'fp32', rows, columns, values: this.floats(tensors) };
    const blocks = Math.ceil(columns / blockSize);
    // Filled while the values are written, which comes first.
    let scales = new Float32Array(0);
    const values = this.place(rows * blocks * blockSize, async function* () {
      scales = new Float32Array(rows * blocks);
      let row = 0;
      const rowsAtOnce = Math.max(1, Math.floor(valuesAtOnce / columns));
      for (const tensor of tensors) {
        for await (const piece of readFloats(tensor, rowsAtOnce * columns)) {
          const count = piece.length / columns;
          const quantised = new Uint8Array(count * blocks * blockSize);
          for (let i = 0; i < count; i++) {
            quantiseRow(
              piece.subarray(i * columns, (i + 1) * columns),
              quantised.subarray(i * blocks * blockSize, (i + 1) * blocks * blockSize),
              scales.subarray((row + i) * blocks, (row + i + 1) * blocks),
            );
          }
          row += count;
          yield quantised;
        }
      }
    });
    const scalesPlace = this.place(rows * blocks * 4, async function* () {
      yield asBytes(scales);
      scales = new Float32Array(0);
    });
    return { kind: 'q8', rows, columns, values, scales: scalesPlace };
  }

  /**
   * Writes the file.
   *
   * @param onBytes called with the number of bytes just written
   */
  async write(
    path: string,
    signal: AbortSignal | undefined,
    onBytes: (bytes: number) => void,
  ): Promise<ModelFile> {
    const hash = createHash('sha256');
    const handle = await open(path, 'wx');
    try {
      let position = 0;
      const append = async (bytes: Uint8Array): Promise<void> => {
        throwIfAborted(signal);
        hash.update(bytes);
        for (let done = 0; done < bytes.length;) {
          done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
        }
        position += bytes.length;
        onBytes(bytes.length);
      };
      for (const segment of this.segments) {
        if (segment.offset > position) await append(new Uint8Array(segment.offset - position));
        for await (const bytes of segment.produce()) await append(bytes);
      }
      await handle.sync();
      return { sha256: hash.digest('hex'), bytes: position };
    } finally {
      await handle.close();
    }
  }

  private place(bytes: number, produce: () => AsyncGenerator<Uint8Array>): ExternalLocation {
    const offset = Math.ceil(this.end / alignment) * alignment;
    this.segments.push({ offset, bytes, produce });
    this.end = offset + bytes;
    return { file: this.file, offset, bytes };
  }
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
