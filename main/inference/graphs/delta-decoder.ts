import type { InferenceSession } from 'onnxruntime-node';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import type { Device } from '../devices/devices.ts';
import { KeyValueCache } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { RowInputs } from './row-inputs.ts';

/**
 * `decoder` of format version 1, which takes past keys and values as views of growing buffers and gives back the
 * rows of the new tokens only: nothing is copied that did not change.
 */
export class DeltaDecoder implements DecoderGraph {
  readonly freeAttention = true;
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  readonly #inputs: RowInputs;
  readonly #maskedRows: number;

  constructor(session: InferenceSession, parameters: ModelParameters, device: Device) {
    this.#session = session;
    this.#parameters = parameters;
    this.#inputs = new RowInputs(parameters);
    // The WebGPU provider ends the process if an input has no rows, as an empty past would.
    this.#maskedRows = device === 'webgpu' ? 1 : 0;
  }

  newCache(capacity: number): KeyValueCache {
    return new KeyValueCache(this.#parameters, capacity, this.#maskedRows);
  }

  async run(input: DecoderInput, cache: DecoderCache): Promise<Float32Array> {
    if (!(cache instanceof KeyValueCache)) throw new TypeError('the cache is of another decoder');
    const feeds = this.#inputs.feeds(input, cache.length, cache.maskedRows);
    cache.addTo(feeds);
    const outputs = await this.#session.run(feeds);
    cache.append(outputs, input.tokens);
    return outputs['logits']!.data as Float32Array;
  }
}
