import { basename, join } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { modelLimits, ModelParameters, type ModelManifest } from '../../../preload/contract/model.ts';
import { isMissing, reasonInWords } from '../../platform/file-errors.ts';
import { parseModelJson, readPlainText } from '../../platform/plain-file.ts';

const Count = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
const Layers = Count.max(modelLimits.layers);
const Heads = Count.max(modelLimits.heads);
const Width = Count.max(modelLimits.width);
const Side = Count.max(modelLimits.side);
const Rope = z.object({
  mrope_section: z.tuple([Count, Count, Count]).optional(),
  rope_theta: z.number().positive().optional(),
});

/** The language model's part: at the top level until transformers 4.51, under `text_config` since. */
const TextConfiguration = z.object({
  hidden_size: Width,
  intermediate_size: Width,
  num_hidden_layers: Layers,
  num_attention_heads: Heads,
  num_key_value_heads: Heads,
  head_dim: Width.nullish(),
  hidden_act: z.literal('silu').default('silu'),
  rms_norm_eps: z.number().positive(),
  vocab_size: z.int().positive(),
  max_position_embeddings: Count,
  rope_theta: z.number().positive().optional(),
  rope_scaling: Rope.nullish(),
  rope_parameters: Rope.nullish(),
  use_sliding_window: z.literal(false).default(false),
});

/** Saving leaves out what equals Hugging Face's defaults (Qwen2_5_VLVisionConfig), so they are needed here. */
const VisionConfiguration = z.object({
  depth: Layers.default(32),
  hidden_size: Width.default(3584),
  intermediate_size: Width.default(3420),
  num_heads: Heads.default(16),
  out_hidden_size: Width.default(3584),
  hidden_act: z.literal('silu').default('silu'),
  in_channels: Side.optional(),
  in_chans: Side.optional(),
  patch_size: Side.default(14),
  spatial_merge_size: Side.default(2),
  temporal_patch_size: Side.default(2),
  window_size: Count.max(2 ** 16).default(112),
  fullatt_block_indexes: z.array(z.int().min(0)).max(modelLimits.layers).default([7, 15, 23, 31]),
});

const TokenId = z.int().min(0);
const TokenIds = z.union([TokenId.transform((id) => [id]), z.array(TokenId).max(1000)]);
const TopConfiguration = z.object({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().optional(),
  image_token_id: TokenId.default(151_655),
  vision_start_token_id: TokenId.default(151_652),
  vision_end_token_id: TokenId.default(151_653),
  eos_token_id: TokenIds.nullish(),
  tie_word_embeddings: z.boolean().optional(),
  text_config: z.record(z.string(), z.unknown()).nullish(),
  vision_config: z.record(z.string(), z.unknown()),
  quantization_config: z.unknown().optional(),
});

/** What the configuration is read for: to make graphs, or beside graphs that are there. */
export type ConfigurationUse = 'import' | 'in-place';
type Architecture = ModelManifest['architecture'];

/** Everything of a model's `config.json` (and `generation_config.json`) that shapes its graphs. */
export interface Configuration {
  architecture: Architecture;
  tied: boolean;
  text: {
    hidden: number;
    intermediate: number;
    layers: number;
    heads: number;
    keyValueHeads: number;
    headSize: number;
    normEpsilon: number;
    vocabulary: number;
  };
  vision: {
    hidden: number;
    intermediate: number;
    layers: number;
    heads: number;
    headSize: number;
    outHidden: number;
    /** Values in one row of pixel_values: channels * temporalPatchSize * patchSize^2. */
    patchValues: number;
    patchShape: number[];
    mergeSize: number;
    windowRows: number;
    fullAttentionLayers: Set<number>;
  };
  parameters: ModelParameters;
}

/**
 * Reads and checks a model's configuration: of a checkpoint that is to be imported, or beside graphs that run as they
 * are.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-wrong-architecture`,
 *   `model-unsupported` or `model-mismatch`, naming the field
 */
export async function readConfiguration(
  folder: string,
  use: ConfigurationUse = 'import',
): Promise<Configuration> {
  const top = await readJson(join(folder, 'config.json'));
  if (top === null) {
    throw new WorkstationError(
      'model-missing-file',
      'The folder has no config.json.',
      'Choose the folder that holds config.json and the weights.',
    );
  }
  const architecture = architectureOf(top, use);
  const config = parse(TopConfiguration, top, '');
  if (use === 'import' && config.quantization_config != null) {
    throw new WorkstationError(
      'model-unsupported',
      'The checkpoint is quantised already (config.json has quantization_config).',
      'Import the unquantised checkpoint and choose q8 or int4 here if it should be smaller.',
    );
  }
  const textSource = config.text_config ?? (top as Record<string, unknown>);
  const text = parse(TextConfiguration, textSource, config.text_config ? 'text_config.' : '');
  const visionSource = architecture === 'qwen2_vl' ? inNewNames(config.vision_config) : config.vision_config;
  const vision = parse(VisionConfiguration, visionSource, 'vision_config.');
  const generation = (await readJson(join(folder, 'generation_config.json'))) ?? {};
  const ends = parse(z.object({ eos_token_id: TokenIds.nullish() }), generation, '').eos_token_id ?? [];
  const tied =
    config.tie_word_embeddings ??
    parse(z.object({ tie_word_embeddings: z.boolean().optional() }), textSource, '').tie_word_embeddings ??
    false;
  const textEnd = parse(z.object({ eos_token_id: TokenIds.nullish() }), textSource, '').eos_token_id;
  return resolve(architecture, config, text, vision, tied, [
    ...ends,
    ...(config.eos_token_id ?? textEnd ?? []),
  ]);
}

function resolve(
  architecture: Architecture,
  config: z.infer<typeof TopConfiguration>,
  text: z.infer<typeof TextConfiguration>,
  vision: z.infer<typeof VisionConfiguration>,
  tied: boolean,
  ends: number[],
): Configuration {
  const headSize = text.head_dim ?? text.hidden_size / text.num_attention_heads;
  const visionHeadSize = vision.hidden_size / vision.num_heads;
  const channels = vision.in_channels ?? vision.in_chans ?? 3;
  const windowUnits = Math.floor(vision.window_size / vision.spatial_merge_size / vision.patch_size);
  const windowRows = (windowUnits * vision.spatial_merge_size) ** 2;
  const ropeTheta = text.rope_parameters?.rope_theta ?? text.rope_theta;
  const mropeSection = text.rope_parameters?.mrope_section ?? text.rope_scaling?.mrope_section;
  if (ropeTheta === undefined) throw mismatch('config.json has no rope_theta');
  if (mropeSection === undefined) throw mismatch('config.json has no rope_scaling.mrope_section');
  const checks: [boolean, string][] = [
    [Number.isInteger(headSize) && headSize % 2 === 0, `heads of ${headSize} values (hidden_size / heads)`],
    [
      Number.isInteger(visionHeadSize) && visionHeadSize % 4 === 0,
      `vision heads of ${visionHeadSize} values`,
    ],
    [
      text.num_attention_heads % text.num_key_value_heads === 0,
      'attention heads no multiple of key-value heads',
    ],
    [
      2 * mropeSection.reduce((sum, size) => sum + size, 0) === headSize,
      `mrope_section [${mropeSection.join(', ')}] for heads of ${headSize} values`,
    ],
    [windowUnits > 0, `window_size ${vision.window_size}, smaller than a merge unit`],
    [vision.out_hidden_size === text.hidden_size, 'vision out_hidden_size that differs from hidden_size'],
    [
      vision.fullatt_block_indexes.every((index) => index < vision.depth),
      `fullatt_block_indexes beyond the ${vision.depth} vision layers`,
    ],
  ];
  for (const [good, what] of checks) if (!good) throw mismatch(`config.json asks for ${what}`);
  const tokens = {
    image: config.image_token_id,
    visionStart: config.vision_start_token_id,
    visionEnd: config.vision_end_token_id,
    end: [...new Set(ends)],
  };
  for (const id of [tokens.image, tokens.visionStart, tokens.visionEnd, ...tokens.end]) {
    if (id >= text.vocab_size)
      throw mismatch(`config.json names token ${id} of a vocabulary of ${text.vocab_size}`);
  }
  const patchShape = [channels, vision.temporal_patch_size, vision.patch_size, vision.patch_size];
  return {
    architecture,
    tied,
    text: {
      hidden: text.hidden_size,
      intermediate: text.intermediate_size,
      layers: text.num_hidden_layers,
      heads: text.num_attention_heads,
      keyValueHeads: text.num_key_value_heads,
      headSize,
      normEpsilon: text.rms_norm_eps,
      vocabulary: text.vocab_size,
    },
    vision: {
      hidden: vision.hidden_size,
      intermediate: vision.intermediate_size,
      layers: vision.depth,
      heads: vision.num_heads,
      headSize: visionHeadSize,
      outHidden: vision.out_hidden_size,
      patchValues: patchShape.reduce((product, size) => product * size, 1),
      patchShape,
      mergeSize: vision.spatial_merge_size,
      windowRows,
      fullAttentionLayers: new Set(vision.fullatt_block_indexes),
    },
    parameters: ModelParameters.parse({
      hiddenSize: text.hidden_size,
      layers: text.num_hidden_layers,
      heads: text.num_attention_heads,
      keyValueHeads: text.num_key_value_heads,
      headSize,
      vocabularySize: text.vocab_size,
      maxPositions: text.max_position_embeddings,
      ropeTheta,
      mropeSection,
      tokens,
      vision: {
        headSize: visionHeadSize,
        patchSize: vision.patch_size,
        temporalPatchSize: vision.temporal_patch_size,
        channels,
        mergeSize: vision.spatial_merge_size,
        windowUnits,
        windowRows,
        // Fixed in Hugging Face's code (Qwen2_5_VisionRotaryEmbedding), not part of any config.json.
        ropeTheta: 10_000,
      },
    }),
  };
}

/** Qwen2-VL calls the vision part's width `embed_dim`, and its output's `hidden_size`; it has no windows. */
function inNewNames(vision: Record<string, unknown>): Record<string, unknown> {
  const { embed_dim = 1280, hidden_size, ...rest } = vision;
  return { ...rest, hidden_size: embed_dim, out_hidden_size: hidden_size, fullatt_block_indexes: [] };
}

const classes: Record<Architecture, string> = {
  qwen2_5_vl: 'Qwen2_5_VLForConditionalGeneration',
  qwen2_vl: 'Qwen2VLForConditionalGeneration',
};

function architectureOf(top: unknown, use: ConfigurationUse): Architecture {
  const found = parse(
    z.object({ architectures: z.array(z.string()).nullish(), model_type: z.string().optional() }),
    top,
    '',
  );
  const name = found.architectures?.[0];
  const known: readonly Architecture[] = use === 'import' ? ['qwen2_5_vl'] : ['qwen2_5_vl', 'qwen2_vl'];
  const right = known.find(
    (type) => type === found.model_type && (name === undefined || name === classes[type]),
  );
  if (right !== undefined) return right;
  throw new WorkstationError(
    'model-wrong-architecture',
    `The model is of type ${found.model_type ?? 'unknown'}${name ? ` (${name})` : ''}, not ${known.join(' or ')}.`,
    use === 'in-place'
      ? 'Choose a model of the Qwen2.5-VL or Qwen2-VL family.'
      : found.model_type === 'qwen2_vl'
        ? 'Qwen2-VL has another vision part, which is not read here. Choose a Qwen2.5-VL checkpoint, or a folder with graphs of it.'
        : 'Choose a Qwen2.5-VL checkpoint, or one trained from it.',
  );
}

/**
 * Reads a JSON file; null where there is none.
 *
 * @throws WorkstationError `model-altered-file` or `file-unreadable`
 */
export async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readPlainText(file);
  } catch (error) {
    if (error instanceof WorkstationError) throw error;
    if (isMissing(error)) return null;
    throw new WorkstationError(
      'file-unreadable',
      `${basename(file)} cannot be read (${reasonInWords(error)}).`,
      'Check that you may read the folder and that its disk is connected.',
      { cause: error },
    );
  }
  return parseModelJson(basename(file), text, 'Download or copy the file again.');
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, prefix: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw mismatch(`config.json: ${prefix}${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}

function mismatch(message: string): WorkstationError {
  return new WorkstationError(
    'model-mismatch',
    `${message}.`,
    'The configuration has to be that of a Qwen2.5-VL model. Compare it with the original checkpoint.',
  );
}
