import type { Tensor } from 'onnxruntime-node';
import {
  floatBytes,
  newFloats,
  tensorOver,
  valuesOf,
  type FloatArray,
  type FloatType,
} from '../onnx/float-tensors.ts';
import type { DecoderCache, RowRange } from './model-graphs.ts';

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
  readonly #type: FloatType;
  #capacity: number;
  #length = 0;
  readonly #keys: FloatArray[];
  readonly #values: FloatArray[];
  readonly #names: readonly (readonly [key: string, value: string])[];

  /** @param capacity Tokens that fit before the buffers have to grow. */
  constructor(shape: KeyValueShape, capacity: number, maskedRows = 0, type: FloatType = 'float32') {
    this.shape = shape;
    this.#type = type;
    this.maskedRows = maskedRows;
    this.#capacity = capacity;
    const heads = shape.layers * shape.keyValueHeads;
    const allocate = (): FloatArray[] =>
      Array.from({ length: heads }, () => newFloats(type, (maskedRows + capacity) * shape.headSize));
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
    return floats * floatBytes[this.#type];
  }

  /** Makes room for `tokens` in all, so that appending does not have to move the buffers. */
  reserve(tokens: number): void {
    if (tokens <= this.#capacity) return;
    this.#resize(Math.max(tokens, Math.ceil(this.#capacity * 1.5)));
  }

  /** Gives memory back that more than `tokens` in all, and more than there are, would take. */
  shrink(tokens: number): void {
    const capacity = Math.max(tokens, this.#length);
    if (capacity < this.#capacity) this.#resize(capacity);
  }

  #resize(capacity: number): void {
    this.#capacity = capacity;
    const used = (this.maskedRows + this.#length) * this.shape.headSize;
    for (const buffers of [this.#keys, this.#values]) {
      buffers.forEach((buffer, index) => {
        const larger = newFloats(this.#type, (this.maskedRows + this.#capacity) * this.shape.headSize);
        larger.set(buffer.subarray(0, used));
        buffers[index] = larger;
      });
    }
  }

  /** Adds `past_key.*` and `past_value.*` `[maskedRows + length, headSize]` to the inputs of a run. */
  addTo(feeds: Feeds): void {
    const rows = this.maskedRows + this.#length;
    const dimensions = [rows, this.shape.headSize];
    const end = rows * this.shape.headSize;
    this.#names.forEach(([key, value], index) => {
      feeds[key] = tensorOver(this.#type, this.#keys[index]!.subarray(0, end), dimensions);
      feeds[value] = tensorOver(this.#type, this.#values[index]!.subarray(0, end), dimensions);
    });
  }

  /** Appends `new_key.{layer}` and `new_value.{layer}`, rows of `[keyValueHeads, tokens, headSize]`. */
  append(outputs: Readonly<Record<string, Tensor>>, tokens: number): void {
    this.reserve(this.#length + tokens);
    const { layers, keyValueHeads, headSize } = this.shape;
    const rows = tokens * headSize;
    const at = (this.maskedRows + this.#length) * headSize;
    for (let layer = 0; layer < layers; layer += 1) {
      const keys = valuesOf(outputs[`new_key.${layer}`]!);
      const values = valuesOf(outputs[`new_value.${layer}`]!);
      for (let head = 0; head < keyValueHeads; head += 1) {
        const index = layer * keyValueHeads + head;
        this.#keys[index]!.set(keys.subarray(head * rows, (head + 1) * rows), at);
        this.#values[index]!.set(values.subarray(head * rows, (head + 1) * rows), at);
      }
    }
    this.#length += tokens;
  }

  /** Appends the first `tokens` rows of another cache. */
  addFrom(other: DecoderCache, tokens: number): void {
    if (!(other instanceof KeyValueCache)) throw new TypeError('the cache is of another decoder');
    this.reserve(this.#length + tokens);
    const { headSize } = this.shape;
    const from = other.maskedRows * headSize;
    const at = (this.maskedRows + this.#length) * headSize;
    this.#keys.forEach((keys, index) => {
      keys.set(other.#keys[index]!.subarray(from, from + tokens * headSize), at);
      this.#values[index]!.set(other.#values[index]!.subarray(from, from + tokens * headSize), at);
    });
    this.#length += tokens;
  }

  /** Moves the rows of these ranges, which ascend, to the beginning, and forgets all others. */
  keep(ranges: readonly RowRange[]): void {
    const { headSize } = this.shape;
    for (const buffer of [...this.#keys, ...this.#values]) {
      let to = this.maskedRows;
      for (const { start, end } of ranges) {
        const from = this.maskedRows + start;
        if (to < from) buffer.copyWithin(to * headSize, from * headSize, (from + end - start) * headSize);
        to += end - start;
      }
    }
    this.#length = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
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
