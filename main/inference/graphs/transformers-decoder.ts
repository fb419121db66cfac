import { Tensor, type InferenceSession } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import { floatsOf, floatTensor, floatTypeOf, type FloatType } from '../onnx/float-tensors.ts';
import { KeyValueCache, type Feeds } from './key-value-cache.ts';
import type { DecoderCache, DecoderGraph, DecoderInput } from './model-graphs.ts';
import { PresentCache } from './present-cache.ts';

/** What differs from one `decoder_model_merged` to another. */
export interface DecoderForm {
  /** Whether the graph was changed to take views of past rows and to give back new ones alone. */
  readonly newRows: boolean;
  readonly cacheType: FloatType;
}

/**
 * `decoder_model_merged` of the transformers.js layout, as it is or changed by `editForNewRows`: `inputs_embeds`
 * [1, s, hidden], `attention_mask` [1, past + s], `position_ids` [3, 1, s], where it has it `num_logits_to_keep`, and
 * keys and values. It sees all that is before a token: nothing else can be said by a mask of tokens.
 */
export class TransformersDecoder implements DecoderGraph {
  readonly freeAttention = false;
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  readonly #form: DecoderForm;
  readonly #inputs: (input: DecoderInput, length: number) => Feeds;
  readonly #cached: readonly string[];

  constructor(session: InferenceSession, parameters: ModelParameters, form: DecoderForm) {
    this.#session = session;
    this.#parameters = parameters;
    this.#form = form;
    this.#inputs = transformersInputs(session, parameters);
    this.#cached = session.outputNames.filter((name) => name !== 'logits');
  }

  newCache(capacity: number): DecoderCache {
    const { newRows, cacheType } = this.#form;
    return newRows
      ? new KeyValueCache(this.#parameters, capacity, 0, cacheType)
      : new PresentCache(this.#parameters, cacheType);
  }

  async run(input: DecoderInput, cache: DecoderCache): Promise<Float32Array> {
    if (!(cache instanceof KeyValueCache || cache instanceof PresentCache)) {
      throw new TypeError('the cache is of another decoder');
    }
    const { vocabularySize } = this.#parameters;
    const { tokens, logits } = input;
    const feeds = this.#inputs(input, cache.length);
    cache.addTo(feeds);
    const outputs = await this.#session.run(feeds, logits > 0 ? ['logits', ...this.#cached] : this.#cached);
    cache.append(outputs, tokens);
    if (logits === 0) return new Float32Array(0);
    const found = floatsOf(outputs['logits']!);
    return found.subarray(found.length - logits * vocabularySize);
  }
}

/** What a `decoder_model_merged` takes of new tokens behind `length` others, beside keys and values. */
export function transformersInputs(
  session: Pick<InferenceSession, 'inputNames' | 'inputMetadata'>,
  { hiddenSize }: ModelParameters,
): (input: DecoderInput, length: number) => Feeds {
  const embeddingType = floatTypeOf(session.inputMetadata, 'inputs_embeds');
  const keepsLast = session.inputNames.includes('num_logits_to_keep');
  return ({ tokens, embeddings, positions, logits }, length) => {
    const total = length + tokens;
    return {
      inputs_embeds: floatTensor(embeddingType, embeddings, [1, tokens, hiddenSize]),
      attention_mask: new Tensor('int64', new BigInt64Array(total).fill(1n), [1, total]),
      position_ids: new Tensor('int64', BigInt64Array.from(positions, BigInt), [3, 1, tokens]),
      // By the layout's convention 0 stands for all; logits that nobody wants are computed for one row.
      ...(keepsLast && {
        num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(Math.max(logits, 1))), []),
      }),
    };
  };
}
