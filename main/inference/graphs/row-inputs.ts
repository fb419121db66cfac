import { Tensor } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import { attentionBias } from './attention-bias.ts';
import type { Feeds } from './key-value-cache.ts';
import type { DecoderInput } from './model-graphs.ts';
import { TextRotary } from '../model/positions.ts';

/** What the decoders of format version 1 take of new tokens, beside keys and values. */
export class RowInputs {
  readonly #parameters: ModelParameters;
  readonly #rotary: TextRotary;

  constructor(parameters: ModelParameters) {
    const { headSize, ropeTheta, mropeSection } = parameters;
    this.#parameters = parameters;
    this.#rotary = new TextRotary(headSize, ropeTheta, mropeSection);
  }

  /** Of tokens behind `length` others and `maskedRows` rows that none sees. */
  feeds(input: DecoderInput, length: number, maskedRows = 0): Feeds {
    const { hiddenSize, headSize } = this.#parameters;
    const { tokens } = input;
    const rotary = this.#rotary.tables(input.positions, tokens, 0, tokens);
    return {
      inputs_embeds: new Tensor('float32', input.embeddings, [1, tokens, hiddenSize]),
      rotary_cos: new Tensor('float32', rotary.cos, [tokens, headSize]),
      rotary_sin: new Tensor('float32', rotary.sin, [tokens, headSize]),
      attention_bias: new Tensor('float32', attentionBias(input, length, maskedRows), [
        tokens,
        maskedRows + length + tokens,
      ]),
      num_logits_to_keep: new Tensor('int64', BigInt64Array.of(BigInt(input.logits)), []),
    };
  }
}
