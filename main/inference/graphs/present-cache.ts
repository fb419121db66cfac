import type { Tensor } from 'onnxruntime-node';
import {
  floatBytes,
  newFloats,
  tensorOver,
  valuesOf,
  type FloatArray,
  type FloatType,
} from '../onnx/float-tensors.ts';
import type { Feeds, KeyValueShape } from './key-value-cache.ts';
import type { DecoderCache } from './model-graphs.ts';

/**
 * Keys and values as a decoder with `past_key_values.i.*` and `present.i.*` gives and takes them: whole, anew at every
 * run, `[1, keyValueHeads, length, headSize]`. Forgetting costs a copy of what is kept, at the next run.
 */
export class PresentCache implements DecoderCache {
  readonly #shape: KeyValueShape;
  readonly #type: FloatType;
  /** By their number after `past_key_values` and `present`. */
  readonly #held = new Map<string, FloatArray>();
  /** Tokens in what is held, of which the first `length` count. */
  #rows = 0;
  #length = 0;

  constructor(shape: KeyValueShape, type: FloatType) {
    this.#shape = shape;
    this.#type = type;
    for (let layer = 0; layer < shape.layers; layer += 1) {
      for (const kind of ['key', 'value']) this.#held.set(`${layer}.${kind}`, newFloats(type, 0));
    }
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    const { layers, keyValueHeads, headSize } = this.#shape;
    return 2 * layers * keyValueHeads * headSize * this.#rows * floatBytes[this.#type];
  }

  /** The graph makes the room. */
  reserve(): void {
    // Nothing is kept beyond what it gave.
  }

  truncate(length: number): void {
    if (length > this.#length) {
      throw new RangeError(`cannot truncate a cache of ${this.#length} tokens to ${length}`);
    }
    this.#length = length;
  }

  dispose(): void {
    this.truncate(0);
    this.#cut();
  }

  /** Adds `past_key_values.*` to the inputs of a run. */
  addTo(feeds: Feeds): void {
    this.#cut();
    const { keyValueHeads, headSize } = this.#shape;
    for (const [name, values] of this.#held) {
      const dims = [1, keyValueHeads, this.#length, headSize];
      feeds[`past_key_values.${name}`] = tensorOver(this.#type, values, dims);
    }
  }

  /** Takes the `present.*` of a run that added so many tokens. */
  append(outputs: Readonly<Record<string, Tensor>>, tokens: number): void {
    for (const name of this.#held.keys()) this.#held.set(name, valuesOf(outputs[`present.${name}`]!));
    this.#length += tokens;
    this.#rows = this.#length;
  }

  #cut(): void {
    if (this.#rows === this.#length) return;
    const { keyValueHeads, headSize } = this.#shape;
    const [kept, stride] = [this.#length * headSize, this.#rows * headSize];
    for (const [name, values] of this.#held) {
      const shorter = newFloats(this.#type, keyValueHeads * kept);
      for (let head = 0; head < keyValueHeads; head += 1) {
        shorter.set(values.subarray(head * stride, head * stride + kept), head * kept);
      }
      this.#held.set(name, shorter);
    }
    this.#rows = this.#length;
  }
}
