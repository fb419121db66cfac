import type { Tensor } from 'onnxruntime-node';
import type { DeviceBuffers } from './device-buffers.ts';
import type { KeyValueShape } from './key-value-cache.ts';
import type { DecoderCache } from './model-graphs.ts';

/**
 * Keys and values of the tokens so far in a GPU's memory: one buffer per layer and kind,
 * `[1, keyValueHeads, capacity, headSize]`, that the graph reads its past from and writes its new rows into. Only the
 * first `length` rows count, so forgetting tokens costs nothing, and a kept frame is the branch of every question
 * on it.
 */
export class InPlaceCache implements DecoderCache {
  readonly #shape: KeyValueShape;
  readonly #buffers: DeviceBuffers;
  readonly #onDispose: (cache: InPlaceCache) => void;
  /** Rows that are wanted; the buffers get them before the next run. */
  #capacity: number;
  #rows = 0;
  #tensors: Tensor[] = [];
  #length = 0;
  #disposed = false;

  constructor(
    shape: KeyValueShape,
    capacity: number,
    buffers: DeviceBuffers,
    onDispose: (cache: InPlaceCache) => void,
  ) {
    this.#shape = shape;
    this.#capacity = Math.max(1, capacity);
    this.#buffers = buffers;
    this.#onDispose = onDispose;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    if (this.#disposed) return 0;
    const { layers, keyValueHeads, headSize } = this.#shape;
    return 2 * layers * keyValueHeads * this.#capacity * headSize * Float32Array.BYTES_PER_ELEMENT;
  }

  reserve(tokens: number): void {
    if (tokens > this.#capacity) this.#capacity = Math.max(tokens, Math.ceil(this.#capacity * 1.5));
  }

  truncate(length: number): void {
    if (length > this.#length) {
      throw new RangeError(`cannot truncate a cache of ${this.#length} tokens to ${length}`);
    }
    this.#length = length;
  }

  /** The buffers, key before value, layer by layer, with room for `tokens` more rows. */
  async withRoomFor(tokens: number): Promise<readonly Tensor[]> {
    if (this.#disposed) throw new TypeError('the cache has been disposed of');
    this.reserve(this.#length + tokens);
    const { layers, keyValueHeads, headSize } = this.#shape;
    const rows = this.#capacity;
    // They are made one after the other and stored at once, so that all buffers are freed with the cache even if one fails.
    for (let index = 0; index < 2 * layers && this.#rows < rows; index += 1) {
      const before = this.#tensors[index];
      if (before === undefined) {
        this.#tensors[index] = await this.#buffers.make(keyValueHeads, rows, headSize);
      } else if (before.dims[2]! < rows) {
        this.#tensors[index] = await this.#buffers.enlarge(before, rows);
      }
    }
    this.#rows = rows;
    return this.#tensors;
  }

  /** The graph has written `tokens` rows behind the others. */
  added(tokens: number): void {
    this.#length += tokens;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#length = 0;
    for (const tensor of this.#tensors.splice(0)) this.#buffers.free(tensor);
    this.#onDispose(this);
  }
}
