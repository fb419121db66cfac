import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { floatsOf } from '../onnx/float-tensors.ts';
import { InPlaceCache } from './in-place-cache.ts';
import type { InPlaceSupport } from './in-place-attention.ts';
import type { Feeds, KeyValueShape } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { joined } from './rows.ts';

export interface InPlaceForm {
  readonly freeAttention: boolean;
  readonly shape: KeyValueShape & { readonly vocabularySize: number };
  /** What the graph takes of new tokens behind `length` others, beside keys and values. */
  readonly inputs: (input: DecoderInput, length: number) => Feeds;
}

/**
 * A decoder on a GPU whose keys and values, `past_key_values.i.*` and `present.i.*`, are read and written by
 * GroupQueryAttention alone: they are in the GPU's memory and stay there, the graph adds to them where they are, and
 * what comes back of a run is logits. `decoder_in_place` of format version 1 is one, and so are graphs of the
 * transformers.js layout with that operator.
 */
export class InPlaceDecoder implements DecoderGraph {
  readonly freeAttention: boolean;
  readonly #session: InferenceSession;
  readonly #form: InPlaceForm;
  readonly #support: InPlaceSupport;
  readonly #caches = new Set<InPlaceCache>();
  readonly #names: readonly (readonly [past: string, present: string])[];

  constructor(session: InferenceSession, form: InPlaceForm, support: InPlaceSupport) {
    this.freeAttention = form.freeAttention;
    this.#session = session;
    this.#form = form;
    this.#support = support;
    this.#names = Array.from({ length: 2 * form.shape.layers }, (_, index) => {
      const place = `${Math.floor(index / 2)}.${index % 2 === 0 ? 'key' : 'value'}`;
      return [`past_key_values.${place}`, `present.${place}`] as const;
    });
  }

  newCache(capacity: number): InPlaceCache {
    const cache = new InPlaceCache(this.#form.shape, capacity, this.#support.buffers, (disposed) =>
      this.#caches.delete(disposed),
    );
    this.#caches.add(cache);
    return cache;
  }

  async run(input: DecoderInput, cache: DecoderCache): Promise<Float32Array> {
    if (!(cache instanceof InPlaceCache) || !this.#caches.has(cache))
      throw new TypeError('the cache is of another decoder');
    const before = cache.length;
    cache.reserve(before + input.tokens);
    const found: Float32Array[] = [];
    try {
      for (const part of partsOf(input, before, this.#support.rowsAtOnce))
        found.push(await this.#runOnce(part, cache));
    } catch (error) {
      cache.truncate(before);
      throw error;
    }
    return found.length === 1 ? found[0]! : joined(found);
  }

  async #runOnce(input: DecoderInput, cache: InPlaceCache): Promise<Float32Array> {
    const { tokens } = input;
    const feeds = this.#form.inputs(input, cache.length);
    const fetches: Record<string, Tensor | null> = { logits: null };
    const buffers = await cache.withRoomFor(tokens);
    this.#names.forEach(([past, present], index) => {
      feeds[past] = buffers[index]!;
      fetches[present] = buffers[index]!;
    });
    const outputs = await this.#session.run(feeds, fetches);
    cache.added(tokens);
    const logits = floatsOf(outputs['logits']!);
    // The other outputs are the buffers once more, under handles of their own.
    for (const [, present] of this.#names) outputs[present]!.dispose();
    return logits.subarray(logits.length - input.logits * this.#form.shape.vocabularySize);
  }

  /** Frees what caches still hold, and what made them. */
  async dispose(): Promise<void> {
    for (const cache of this.#caches) cache.dispose();
    await this.#support.buffers.release();
  }
}

/** The same tokens in runs of `most` at most, each behind those before it. */
function* partsOf(input: DecoderInput, length: number, most: number | null): Generator<DecoderInput> {
  const { tokens, embeddings, positions, attention, logits } = input;
  if (most === null || tokens <= most) {
    yield input;
    return;
  }
  const hidden = embeddings.length / tokens;
  const width = length + tokens;
  for (let start = 0; start < tokens; start += most) {
    const end = Math.min(start + most, tokens);
    const axes = [0, 1, 2].flatMap((axis) => [
      ...positions.subarray(axis * tokens + start, axis * tokens + end),
    ]);
    const rows = (): Float32Array => {
      const seen = new Float32Array((end - start) * (length + end));
      for (let row = start; row < end; row += 1) {
        // What stands behind the part is seen by none of it.
        const from = row * width;
        seen.set(attention!.subarray(from, from + length + end), (row - start) * (length + end));
      }
      return seen;
    };
    yield {
      tokens: end - start,
      embeddings: embeddings.subarray(start * hidden, end * hidden),
      positions: Int32Array.from(axes),
      attention: attention === null ? null : rows(),
      logits: Math.max(0, end - Math.max(start, tokens - logits)),
    };
  }
}
