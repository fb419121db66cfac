// transformers.js loads ONNX Runtime itself.
import '../../main/inference/no-telemetry.ts';
import { basename, dirname } from 'node:path';
import {
  AutoProcessor,
  env,
  Qwen2_5_VLForConditionalGeneration,
  RawImage,
  Tensor,
} from '@huggingface/transformers';
import type { Processor } from '@huggingface/transformers';
import type { InferenceSession } from 'onnxruntime-node';
import type { PreparedImage, RgbImage } from '../../main/inference/index.ts';
import type { WeightType } from '../../models/import/index.ts';
import { transformersTypes } from '../../models/import/transformers-layout.ts';

export interface PeerAnswer {
  /** Without the prompt; with the end token where the model wrote one. */
  ids: number[];
  /** Without special tokens. */
  text: string;
  promptTokens: number;
  /** Milliseconds from the call on. */
  firstToken: number;
  total: number;
  phases: { preprocess: number; vision: number; prefill: number; decode: number };
}

type Sessions = Record<'vision_encoder' | 'embed_tokens' | 'decoder_model_merged', InferenceSession>;
type Inputs = Record<string, Tensor> & { input_ids: Tensor };

/**
 * transformers.js on a model folder of its own layout, used as its documentation says: a processor and a model
 * `from_pretrained`, the chat template, `generate`.
 */
export class TransformersPeer {
  private readonly model: Qwen2_5_VLForConditionalGeneration;
  private readonly processor: Processor;
  /** When the runs of an answer's graphs began and ended. */
  private runs: { graph: keyof Sessions; begin: number; end: number }[] = [];

  private constructor(model: Qwen2_5_VLForConditionalGeneration, processor: Processor) {
    this.model = model;
    this.processor = processor;
    for (const [graph, session] of Object.entries(model.sessions as Sessions)) {
      const run = session.run.bind(session) as (feeds: InferenceSession.FeedsType) => Promise<unknown>;
      const timed = async (feeds: InferenceSession.FeedsType) => {
        const begin = performance.now();
        const outputs = await run(feeds);
        this.runs.push({ graph: graph as keyof Sessions, begin, end: performance.now() });
        return outputs;
      };
      Object.assign(session, { run: timed });
    }
  }

  static async open(folder: string, dtype: WeightType): Promise<TransformersPeer> {
    env.allowRemoteModels = false;
    env.localModelPath = `${dirname(folder)}/`;
    const model = await Qwen2_5_VLForConditionalGeneration.from_pretrained(basename(folder), {
      dtype: transformersTypes[dtype],
      device: 'cpu',
    });
    const processor = await AutoProcessor.from_pretrained(basename(folder));
    return new TransformersPeer(model as Qwen2_5_VLForConditionalGeneration, processor);
  }

  /** Greedy tokens for a picture that goes through its own image processor. @param most tokens written at most */
  async ask(question: string, { rgb, width, height }: RgbImage, most: number): Promise<PeerAnswer> {
    const begin = performance.now();
    const image = new RawImage(rgb, width, height, 3);
    const inputs = (await this.processor(this.prompt(question), image)) as Inputs;
    return this.generate(inputs, most, begin);
  }

  /** Greedy tokens for pixel values from outside, so that what is compared is the model alone. */
  async answer(question: string, { grid, pixelValues }: PreparedImage, most: number): Promise<PeerAnswer> {
    const begin = performance.now();
    const patches = grid[0] * grid[1] * grid[2];
    const prompt = this.prompt(question).replace('<|image_pad|>', '<|image_pad|>'.repeat(patches / 4));
    const tokens = this.processor.tokenizer!([prompt], { add_special_tokens: false }) as Inputs;
    const inputs = {
      ...tokens,
      pixel_values: new Tensor('float32', pixelValues, [patches, pixelValues.length / patches]),
      image_grid_thw: new Tensor('int64', BigInt64Array.from(grid, BigInt), [1, 3]),
    };
    return this.generate(inputs, most, begin);
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }

  private prompt(question: string): string {
    const rendered: unknown = this.processor.apply_chat_template(
      [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: question }] as never }],
      { tokenize: false, add_generation_prompt: true },
    );
    if (typeof rendered !== 'string') throw new Error('the chat template gave something else than text');
    return rendered;
  }

  private async generate(inputs: Inputs, most: number, begin: number): Promise<PeerAnswer> {
    const promptTokens = inputs.input_ids.dims[1]!;
    const prepared = performance.now();
    this.runs = [];
    const output = await this.model.generate({ ...inputs, do_sample: false, max_new_tokens: most });
    if (!(output instanceof Tensor)) throw new Error('generate gave something else than tokens');
    const ids = [...(output.data as BigInt64Array)].slice(promptTokens).map(Number);
    const text = this.processor.tokenizer!.decode(ids, { skip_special_tokens: true });
    const end = performance.now();
    const look = this.runs.find(({ graph }) => graph === 'vision_encoder')!;
    const prefill = this.runs.find(({ graph }) => graph === 'decoder_model_merged')!;
    return {
      ids,
      text,
      promptTokens,
      firstToken: prefill.end - begin,
      total: end - begin,
      phases: {
        preprocess: prepared - begin,
        vision: look.end - look.begin,
        prefill: prefill.end - prefill.begin,
        decode: end - prefill.end,
      },
    };
  }
}
