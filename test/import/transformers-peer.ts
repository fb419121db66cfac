import { basename, dirname } from 'node:path';
import {
  AutoTokenizer,
  env,
  Qwen2_5_VLForConditionalGeneration,
  TextStreamer,
  Tensor,
} from '@huggingface/transformers';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import type { PreparedImage } from '../../main/inference/index.ts';
import type { WeightType } from '../../models/import/index.ts';
import { transformersTypes } from '../../models/import/transformers-layout.ts';

export interface PeerOptions {
  dtype: WeightType;
  threads?: number;
}

export interface PeerAnswer {
  /** Without the prompt; with the end token where the model wrote one. */
  ids: number[];
  /** Without special tokens. */
  text: string;
  promptTokens: number;
}

/**
 * transformers.js on a model folder of its own layout, used as its documentation says: `from_pretrained`, the
 * tokenizer's chat template, `generate`. It gets pixel values from outside, so that what is compared is the model.
 */
export class TransformersPeer {
  private readonly model: Qwen2_5_VLForConditionalGeneration;
  private readonly tokenizer: PreTrainedTokenizer;

  private constructor(model: Qwen2_5_VLForConditionalGeneration, tokenizer: PreTrainedTokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  static async open(folder: string, { dtype, threads }: PeerOptions): Promise<TransformersPeer> {
    env.allowRemoteModels = false;
    env.localModelPath = `${dirname(folder)}/`;
    const model = (await Qwen2_5_VLForConditionalGeneration.from_pretrained(basename(folder), {
      dtype: transformersTypes[dtype],
      device: 'cpu',
      ...(threads !== undefined && {
        session_options: { intraOpNumThreads: threads, extra: withoutSpinning },
      }),
    })) as Qwen2_5_VLForConditionalGeneration;
    return new TransformersPeer(model, await AutoTokenizer.from_pretrained(basename(folder)));
  }

  /**
   * Greedy tokens.
   *
   * @param least tokens that are written at least, whatever the model wants
   * @param onToken when each token is there
   */
  async answer(
    question: string,
    image: PreparedImage,
    options: { most: number; least?: number; onToken?: () => void },
  ): Promise<PeerAnswer> {
    const [time, height, width] = image.grid;
    const rendered: unknown = this.tokenizer.apply_chat_template(
      [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: question }] as never }],
      { tokenize: false, add_generation_prompt: true },
    );
    if (typeof rendered !== 'string') throw new Error('the chat template gave something else than text');
    const units = (time * height * width) / 4;
    const prompt = rendered.replace('<|image_pad|>', '<|image_pad|>'.repeat(units));
    const inputs = this.tokenizer([prompt], { add_special_tokens: false }) as { input_ids: Tensor };
    const promptTokens = inputs.input_ids.dims[1]!;
    let seen = 0;
    const output = await this.model.generate({
      ...inputs,
      pixel_values: new Tensor('float32', image.pixelValues, [
        units * 4,
        image.pixelValues.length / units / 4,
      ]),
      image_grid_thw: new Tensor(
        'int64',
        BigInt64Array.of(BigInt(time), BigInt(height), BigInt(width)),
        [1, 3],
      ),
      do_sample: false,
      max_new_tokens: options.most,
      ...(options.least !== undefined && { min_new_tokens: options.least }),
      ...(options.onToken && {
        streamer: new TextStreamer(this.tokenizer, {
          token_callback_function: () => {
            // The first call brings the prompt.
            if (seen > 0) options.onToken!();
            seen += 1;
          },
          callback_function: () => undefined,
        }),
      }),
    });
    if (!(output instanceof Tensor)) throw new Error('generate gave something else than tokens');
    const ids = [...(output.data as BigInt64Array)].slice(promptTokens).map(Number);
    return { ids, text: this.tokenizer.decode(ids, { skip_special_tokens: true }), promptTokens };
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }
}

const withoutSpinning = { session: { intra_op: { allow_spinning: '0' } } };
