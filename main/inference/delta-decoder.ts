import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ModelParameters } from '../../preload/contract/model.ts';
import type { Device } from './devices.ts';
import { KeyValueCache, type Feeds } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { TextRotary } from './positions.ts';
import { maskedScore } from './window-layout.ts';

/**
 * `decoder` of format version 1, which takes past keys and values as views of growing buffers and gives back the
 * rows of the new tokens only: nothing is copied that did not change.
 */
export class DeltaDecoder implements DecoderGraph {
  readonly freeAttention = true;
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  readonly #rotary: TextRotary;
  readonly #maskedRows: number;

  constructor(session: InferenceSession, parameters: ModelParameters, device: Device) {
    const { headSize, ropeTheta, mropeSection } = parameters;
    this.#session = session;
    this.#parameters = parameters;
    this.#rotary = new TextRotary(headSize, ropeTheta, mropeSection);
    // The WebGPU provider ends the process on an input without rows, which an empty past would be.
    this.#maskedRows = device === 'webgpu' ? 1 : 0;
  }

  newCache(capacity: number): KeyValueCache {
    return new KeyValueCache(this.#parameters, capacity, this.#maskedRows);
  }

  async run(input: DecoderInput, cache: DecoderCache): Promise<Float32Array> {
    if (!(cache instanceof KeyValueCache)) throw new TypeError('the cache is of another decoder');
    const { hiddenSize, headSize } = this.#parameters;
    const { tokens } = input;
    const rotary = this.#rotary.tables(input.positions, tokens, 0, tokens);
    const columns = cache.maskedRows + cache.length + tokens;
    const feeds: Feeds = {
      inputs_embeds: new Tensor('float32', input.embeddings, [1, tokens, hiddenSize]),
      rotary_cos: new Tensor('float32', rotary.cos, [tokens, headSize]),
      rotary_sin: new Tensor('float32', rotary.sin, [tokens, headSize]),
      attention_bias: new Tensor('float32', attentionBias(input, cache), [tokens, columns]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(input.logits)), []),
    };
    cache.addTo(feeds);
    const outputs = await this.#session.run(feeds);
    cache.append(outputs, tokens);
    return outputs['logits']!.data as Float32Array;
  }
}

/** Scores to add, `[tokens, masked rows + length + tokens]`: masked rows are seen by none. */
function attentionBias(
  { tokens, attention }: DecoderInput,
  { maskedRows, length }: KeyValueCache,
): Float32Array {
  if (attention !== null && maskedRows === 0) return attention;
  const width = length + tokens;
  const bias = new Float32Array(tokens * (maskedRows + width));
  for (let row = 0; row < tokens; row += 1) {
    const at = row * (maskedRows + width);
    bias.fill(maskedScore, at, at + maskedRows);
    if (attention === null)
      bias.fill(maskedScore, at + maskedRows + length + row + 1, at + maskedRows + width);
    else bias.set(attention.subarray(row * width, (row + 1) * width), at + maskedRows);
  }
  return bias;
}
