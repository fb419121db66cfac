import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { readTextFile } from '../../main/platform/text-file.ts';

/** What a model is adapted from. */
export interface Base {
  folder: string;
  manifest: CheckpointManifest;
  /** The parts of a training configuration that the base decides. */
  settings: { model: Record<string, unknown>; processor: Record<string, number> };
}

const Configuration = z.looseObject({
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int(),
  rope_theta: z.number(),
  rms_norm_eps: z.number(),
  max_position_embeddings: z.int(),
  tie_word_embeddings: z.boolean(),
  rope_scaling: z.looseObject({ mrope_section: z.array(z.int()) }),
  vision_config: z.looseObject({
    depth: z.int(),
    hidden_size: z.int(),
    intermediate_size: z.int(),
    num_heads: z.int(),
    window_size: z.int(),
    fullatt_block_indexes: z.array(z.int()),
  }),
});
const Processor = z.looseObject({ min_pixels: z.int(), max_pixels: z.int() });

/** From so wide a text model on, plain loops on a CPU are no way to train. */
const WIDEST = 1024;

/** Reads a base model's folder. @throws WorkstationError for a model that is no base for this, with what to do instead */
export async function readBase(folder: string): Promise<Base> {
  const hint =
    'Give the folder of a model that this training code made, such as models/nano. Qwen2.5-VL of 3B and 7B is adapted by models/training/recipes.';
  const refuse = (reason: string): WorkstationError =>
    new WorkstationError('model-unsupported', `${folder} can't be adapted: ${reason}.`, hint);
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    if (!existsSync(join(folder, name))) throw refuse(`it has no ${name}`);
    const text = await readTextFile(join(folder, name), join(folder, name), hint);
    let found: unknown;
    try {
      found = JSON.parse(text);
    } catch {
      throw refuse(`its ${name} is no JSON`);
    }
    const parsed = schema.safeParse(found);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw refuse(
      `its ${name} says ${issue?.path.join('.') ?? 'something'} otherwise: ${issue?.message ?? ''}`,
    );
  };
  const manifest = await read('manifest.json', CheckpointManifest);
  const config = await read('config.json', Configuration);
  const { min_pixels, max_pixels } = await read('preprocessor_config.json', Processor);
  if (config.hidden_size > WIDEST) throw refuse(`it is ${config.hidden_size} wide, too large for this`);
  if (!config.tie_word_embeddings) throw refuse('it writes with other rows than it reads');
  if (manifest.coordinateStep === undefined || manifest.coordinateSpace !== 'resized-pixels')
    throw refuse('it does not write coordinates as single words');
  const { vision_config: vision, rope_scaling: scaling } = config;
  const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
    Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
  return {
    folder,
    manifest,
    settings: {
      model: {
        ...pick(config, ['hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads']),
        ...pick(config, ['num_key_value_heads', 'rope_theta', 'rms_norm_eps', 'max_position_embeddings']),
        mrope_section: scaling.mrope_section,
        vision: {
          ...pick(vision, ['depth', 'hidden_size', 'intermediate_size', 'num_heads', 'window_size']),
          fullatt_block_indexes: vision.fullatt_block_indexes,
        },
      },
      processor: { min_pixels, max_pixels },
    },
  };
}
