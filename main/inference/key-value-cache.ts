import { Tensor } from 'onnxruntime-node';
import type { DecoderCache } from './model-graphs.ts';

export interface KeyValueShape {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** Named inputs of one run, past keys and values among them. */
export type Feeds = Record<string, Tensor>;

/**
 * Keys and values of the tokens so far: one growing buffer per layer and head, `[capacity, headSize]`, handed
 * to the graph as views of its first `length` rows without a copy. The graph returns new rows only.
 *
 * `maskedRows` empty rows may stand before the first token, for a device that takes no tensor without rows.
 * The attention bias has to hide them.
 */
export class KeyValueCache implements DecoderCache {
  readonly shape: KeyValueShape;
  readonly maskedRows: number;
  #capacity: number;
  #length = 0;
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];
  readonly #names: readonly (readonly [key: string, value: string])[];

  /** @param capacity Tokens that fit before the buffers have to grow. */
  constructor(shape: KeyValueShape, capacity: number, maskedRows = 0) {
    this.shape = shape;
    this.maskedRows = maskedRows;
    this.#capacity = capacity;
    const heads = shape.layers * shape.keyValueHeads;
    const allocate = (): Float32Array[] =>
      Array.from({ length: heads }, () => new Float32Array((maskedRows + capacity) * shape.headSize));
    this.#keys = allocate();
    this.#values = allocate();
    this.#names = Array.from({ length: heads }, (_, index) => {
      const place = `${Math.floor(index / shape.keyValueHeads)}.${index % shape.keyValueHeads}`;
      return [`past_key.${place}`, `past_value.${place}`] as const;
    });
  }

  /** Tokens that the cache holds. */
  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    const floats = 2 * this.#keys.length * (this.maskedRows + this.#capacity) * this.shape.headSize;
    return floats * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Makes room for `tokens` in all, so that appending does not have to move the buffers. */
  reserve(tokens: number): void {
    if (tokens <= this.#capacity) return;
    this.#capacity = Math.max(tokens, Math.ceil(this.#capacity * 1.5));
    const used = (this.maskedRows + this.#length) * this.shape.headSize;
    for (const buffers of [this.#keys, this.#values]) {
      buffers.forEach((buffer, index) => {
        const larger = new Float32Array((this.maskedRows + this.#capacity) * this.shape.headSize);
        larger.set(buffer.subarray(0, used));
        buffers[index] = larger;
      });
    }
  }

  /** Adds `past_key.*` and `past_value.*` f32 `[maskedRows + length, headSize]` to the inputs of a run. */
  addTo(feeds: Feeds): void {
    const rows = this.maskedRows + this.#length;
    const dimensions = [rows, this.shape.headSize];
    const end = rows * this.shape.headSize;
    this.#names.forEach(([key, value], index) => {
      feeds[key] = new Tensor('float32', this.#keys[index]!.subarray(0, end), dimensions);
      feeds[value] = new Tensor('float32', this.#values[index]!.subarray(0, end), dimensions);
    });
  }

  /** Appends `new_key.{layer}` and `new_value.{layer}` f32 `[keyValueHeads, tokens, headSize]`. */
  append(outputs: Readonly<Record<string, Tensor>>, tokens: number): void {
    this.reserve(this.#length + tokens);
    const { layers, keyValueHeads, headSize } = this.shape;
    const rows = tokens * headSize;
    const at = (this.maskedRows + this.#length) * headSize;
    for (let layer = 0; layer < layers; layer += 1) {
      const keys = outputs[`new_key.${layer}`]!.data as Float32Array;
      const values = outputs[`new_value.${layer}`]!.data as Float32Array;
      for (let head = 0; head < keyValueHeads; head += 1) {
        const index = layer * keyValueHeads + head;
        this.#keys[index]!.set(keys.subarray(head * rows, (head + 1) * rows), at);
        this.#values[index]!.set(values.subarray(head * rows, (head + 1) * rows), at);
      }
    }
    this.#length += tokens;
  }

  /** Forgets all tokens from `length` on. The buffers stay. */
  truncate(length: number): void {
    if (length > this.#length) {
      throw new RangeError(`cannot truncate a cache of ${this.#length} tokens to ${length}`);
    }
    this.#length = length;
  }

  /** The buffers are this process's own memory and go with the last reference to them. */
  dispose(): void {
    this.#length = 0;
  }
}
