import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ModelParameters } from '../../preload/contract/model.ts';
import { attentionBias } from './attention-bias.ts';
import type { DeviceBuffers } from './device-buffers.ts';
import { InPlaceCache } from './in-place-cache.ts';
import type { Feeds } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { TextRotary } from './positions.ts';

/**
 * `decoder_in_place` of format version 1 on a GPU: keys and values are in its memory and stay there, the graph adds
 * to them where they are, and what comes back of a run is logits.
 */
export class InPlaceDecoder implements DecoderGraph {
  readonly freeAttention = true;
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  readonly #buffers: DeviceBuffers;
  readonly #rotary: TextRotary;
  readonly #caches = new Set<InPlaceCache>();
  readonly #rowsAtOnce: number | null;
  readonly #names: readonly (readonly [past: string, present: string])[];

  /** @param rowsAtOnce New rows that a run may have; null for any number. See `rightRowsAtOnce`. */
  constructor(
    session: InferenceSession,
    parameters: ModelParameters,
    buffers: DeviceBuffers,
    rowsAtOnce: number | null,
  ) {
    const { layers, headSize, ropeTheta, mropeSection } = parameters;
    this.#session = session;
    this.#parameters = parameters;
    this.#buffers = buffers;
    this.#rowsAtOnce = rowsAtOnce;
    this.#rotary = new TextRotary(headSize, ropeTheta, mropeSection);
    this.#names = Array.from({ length: 2 * layers }, (_, index) => {
      const place = `${Math.floor(index / 2)}.${index % 2 === 0 ? 'key' : 'value'}`;
      return [`past_key_values.${place}`, `present.${place}`] as const;
    });
  }

  newCache(capacity: number): InPlaceCache {
    const cache = new InPlaceCache(this.#parameters, capacity, this.#buffers, (disposed) =>
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
      for (const part of partsOf(input, before, this.#rowsAtOnce))
        found.push(await this.#runOnce(part, cache));
    } catch (error) {
      cache.truncate(before);
      throw error;
    }
    return found.length === 1 ? found[0]! : joined(found);
  }

  async #runOnce(input: DecoderInput, cache: InPlaceCache): Promise<Float32Array> {
    const { hiddenSize, headSize } = this.#parameters;
    const { tokens } = input;
    const rotary = this.#rotary.tables(input.positions, tokens, 0, tokens);
    const feeds: Feeds = {
      inputs_embeds: new Tensor('float32', input.embeddings, [1, tokens, hiddenSize]),
      rotary_cos: new Tensor('float32', rotary.cos, [tokens, headSize]),
      rotary_sin: new Tensor('float32', rotary.sin, [tokens, headSize]),
      attention_bias: new Tensor('float32', attentionBias(input, cache.length), [
        tokens,
        cache.length + tokens,
      ]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(input.logits)), []),
    };
    const fetches: Record<string, Tensor | null> = { logits: null };
    const buffers = await cache.withRoomFor(tokens);
    this.#names.forEach(([past, present], index) => {
      feeds[past] = buffers[index]!;
      fetches[present] = buffers[index]!;
    });
    const outputs = await this.#session.run(feeds, fetches);
    cache.added(tokens);
    const logits = outputs['logits']!.data as Float32Array;
    // The other outputs are the buffers once more, under handles of their own.
    for (const [, present] of this.#names) outputs[present]!.dispose();
    return logits;
  }

  /** Frees what caches still hold, and what made them. */
  async dispose(): Promise<void> {
    for (const cache of this.#caches) cache.dispose();
    await this.#buffers.release();
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

function joined(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
