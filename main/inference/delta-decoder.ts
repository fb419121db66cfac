import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ModelParameters } from '../../preload/contract/model.ts';
import { attentionBias } from './attention-bias.ts';
import type { Device } from './devices.ts';
import { KeyValueCache, type Feeds } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { TextRotary } from './positions.ts';

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
      attention_bias: new Tensor('float32', attentionBias(input, cache.length, cache.maskedRows), [
        tokens,
        columns,
      ]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(input.logits)), []),
    };
    cache.addTo(feeds);
    const outputs = await this.#session.run(feeds);
    cache.append(outputs, tokens);
    return outputs['logits']!.data as Float32Array;
  }
}
