import { lstat } from 'node:fs/promises';
import path, { basename, join, resolve, type PlatformPath } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { readJson } from './configuration.ts';
import { elements, floatType, readSafetensorsHeader } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';
import { list, plainName } from './tensors.ts';

const configName = 'adapter_config.json';
const weightsName = 'adapter_model.safetensors';
const prefix = 'base_model.model.';

const Count = z.int().positive();
/** PEFT's LoraConfig, as far as it decides what the adapter's weights mean. */
const AdapterConfig = z.object({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: Count,
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().default(false),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  rank_pattern: z.record(z.string(), Count).nullish(),
  alpha_pattern: z.record(z.string(), z.number().positive()).nullish(),
});
type AdapterConfig = z.infer<typeof AdapterConfig>;

/** Fields that change the meaning of an adapter in ways that aren't merged here, with the values that don't. */
const plainOnly: [field: string, harmless: unknown[]][] = [
  ['use_dora', [false]],
  ['modules_to_save', [[]]],
  ['trainable_token_indices', [[]]],
  ['bias', ['none']],
  ['lora_bias', [false]],
  ['fan_in_fan_out', [false]],
  ['target_parameters', [[]]],
  // PiSSA, OLoRA, LoftQ and CorDA train against a base whose weights they have changed.
  ['init_lora_weights', [true, false, 'gaussian', 'eva', 'orthogonal']],
];

/** A PEFT adapter folder, opened. */
export interface Adapter {
  folder: string;
  config: AdapterConfig;
  /** The pairs A [rank, in] and B [out, rank] by the module's name as PEFT wrote it. */
  pairs: Map<string, { a: StoredTensor; b: StoredTensor }>;
  weightFile: string;
}

/** Whether a folder holds an adapter and no model of its own. */
export async function isAdapter(folder: string): Promise<boolean> {
  return (
    (await readJson(join(folder, configName))) !== null &&
    (await readJson(join(folder, 'config.json'))) === null
  );
}

/** What an adapter says of itself: the base that it names, and its rank. Throws as openAdapter does. */
export async function describeAdapter(folder: string): Promise<{ base: string | null; rank: number }> {
  const { base_model_name_or_path: base, r } = await readConfig(folder);
  return { base: base ?? null, rank: r };
}

/**
 * Where an adapter says that its base lies, if that is inside of the adapter's own folder. Any other place is for a person
 * to choose: whoever made the adapter wrote that path, on Windows a look at a network path answers with the account's
 * name and password hash, and a folder that is found by chance need not be the one meant.
 *
 * @param named `base_model_name_or_path`: a path, or a name of Hugging Face's hub, which is taken for one
 * @returns the path, which need not be there; null where it leads out of the folder
 */
export function baseWithin(
  adapterFolder: string,
  named: string,
  paths: Pick<PlatformPath, 'resolve' | 'relative' | 'isAbsolute' | 'sep'> = path,
): string | null {
  if (named === '' || named.includes('\0')) return null;
  const place = paths.resolve(adapterFolder, named);
  const inside = paths.relative(paths.resolve(adapterFolder), place);
  if (inside === '' || paths.isAbsolute(inside) || inside.split(paths.sep)[0] === '..') return null;
  return place;
}

/** The base's folder inside of an adapter's own; null where there is none. Links are not followed. */
export async function baseInside(adapterFolder: string, named: string | null): Promise<string | null> {
  const place = named === null ? null : baseWithin(adapterFolder, named);
  if (place === null) return null;
  let step = resolve(adapterFolder);
  for (const name of path.relative(step, place).split(path.sep)) {
    step = join(step, name);
    if ((await lstat(step).catch(() => null))?.isDirectory() !== true) return null;
  }
  return place;
}

/**
 * The folder of the model that an adapter belongs to: the one given, or one inside of the adapter's own folder.
 *
 * @throws WorkstationError `model-missing-file`
 */
export async function baseOf(adapterFolder: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const { base_model_name_or_path: named } = await readConfig(adapterFolder);
  const inside = await baseInside(adapterFolder, named ?? null);
  if (inside !== null) return inside;
  throw new WorkstationError(
    'model-missing-file',
    `${basename(resolve(adapterFolder))} is an adapter${named ? ` for ${named}` : ''}, and its base model is not here.`,
    'Give the folder of the base checkpoint with --base.',
  );
}

/**
 * Opens a folder as PEFT's save_pretrained writes it.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-unsupported` naming the field
 */
export async function openAdapter(folder: string): Promise<Adapter> {
  const config = await readConfig(folder);
  const weightFile = join(folder, weightsName);
  const pairs = new Map<string, { a?: StoredTensor; b?: StoredTensor }>();
  const unknown: string[] = [];
  for (const tensor of await readSafetensorsHeader(weightFile)) {
    const match = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/.exec(tensor.name);
    if (!match) {
      unknown.push(tensor.name);
      continue;
    }
    floatType(tensor);
    const module = match[1]!;
    pairs.set(module, { ...pairs.get(module), [match[2] === 'A' ? 'a' : 'b']: tensor });
  }
  if (unknown.length > 0) {
    throw unsupported(
      `${weightsName} holds tensors that are no part of a plain LoRA adapter: ${list(unknown)}`,
    );
  }
  const whole = new Map<string, { a: StoredTensor; b: StoredTensor }>();
  for (const [module, { a, b }] of pairs) {
    if (!a || !b)
      throw mismatch(
        `${weightsName} has no ${prefix}${module}.lora_${a ? 'B' : 'A'}.weight beside its other half`,
      );
    whole.set(module, { a, b });
  }
  if (whole.size === 0) throw mismatch(`${weightsName} holds no adapters`);
  return { folder, config, pairs: whole, weightFile };
}

async function readConfig(folder: string): Promise<AdapterConfig> {
  const json = await readJson(join(folder, configName));
  if (json === null) {
    throw new WorkstationError(
      'model-missing-file',
      `The adapter folder ${basename(resolve(folder))} has no ${configName}.`,
      'Choose the folder that PEFT has written, with adapter_config.json and adapter_model.safetensors.',
    );
  }
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(json);
  if (fields['peft_type'] !== 'LORA') {
    throw unsupported(
      `${configName} has the peft_type ${String(fields['peft_type'])}; only LORA is merged here`,
    );
  }
  for (const [field, harmless] of plainOnly) {
    const value = fields[field];
    if (value == null || harmless.some((known) => JSON.stringify(known) === JSON.stringify(value))) continue;
    throw unsupported(`${configName} has ${field} ${JSON.stringify(value)}, which is not merged here`);
  }
  const parsed = AdapterConfig.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw mismatch(`${configName}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}

/**
 * The base model's tensors, each adapted one with its part of the adapter, to be added when it is read:
 * W + scale * B A, the scale being alpha / rank, or alpha / sqrt(rank) with rank-stabilised LoRA
 * (arXiv 2106.09685, 2312.03732).
 *
 * @throws WorkstationError `model-mismatch` naming the tensor, with the shape expected and the one found
 */
export function applyAdapter(
  base: ReadonlyMap<string, StoredTensor>,
  { config, pairs }: Adapter,
  tied: boolean,
): Map<string, StoredTensor> {
  const byPlainName = new Map([...base.keys()].map((name) => [plainName(name), name]));
  const adapted = new Map(base);
  for (const [module, { a, b }] of pairs) {
    const name = byPlainName.get(plainName(`${module}.weight`));
    const weight = name === undefined ? undefined : base.get(name);
    if (name === undefined || weight === undefined || weight.shape.length < 2) {
      throw mismatch(`The adapter is for a layer ${module}, which the base model does not have`);
    }
    if (tied && name === 'lm_head.weight') {
      throw unsupported('The adapter changes lm_head, which is one with the embeddings in this model');
    }
    if (!isTarget(module, config.target_modules)) {
      throw mismatch(`${weightsName} holds ${module}, which target_modules of ${configName} does not name`);
    }
    const rank = patternValue(module, config.rank_pattern) ?? config.r;
    const alpha = patternValue(module, config.alpha_pattern) ?? config.lora_alpha;
    // A convolution's adapter has its kernel's shape in A, and ones in B.
    requireShape(a, [rank, ...weight.shape.slice(1)]);
    requireShape(b, [weight.shape[0]!, rank, ...weight.shape.slice(2).map(() => 1)]);
    const scale = alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
    adapted.set(name, { ...weight, adapter: { a, b, rank, scale } });
  }
  requireAllTargets(byPlainName, adapted, config.target_modules);
  return adapted;
}

/** Every linear layer that a list of targets names has to have its adapter: a partial copy would go unnoticed. */
function requireAllTargets(
  byPlainName: ReadonlyMap<string, string>,
  adapted: ReadonlyMap<string, StoredTensor>,
  targets: AdapterConfig['target_modules'],
): void {
  if (!Array.isArray(targets)) return;
  const without = targets.filter((target) =>
    [...byPlainName].some(([plain, name]) => {
      const tensor = adapted.get(name)!;
      if (!plain.endsWith('.weight') || tensor.shape.length !== 2 || tensor.adapter) return false;
      // A target such as q_proj may be left out of the vision part, or of single layers by layers_to_transform.
      return isTarget(plain.slice(0, -'.weight'.length), [target]) && !someAdapted(adapted, target);
    }),
  );
  if (without.length > 0)
    throw mismatch(
      `target_modules of ${configName} names ${list(without)}, and ${weightsName} has none of them`,
    );
}

const someAdapted = (adapted: ReadonlyMap<string, StoredTensor>, target: string): boolean =>
  [...adapted].some(([name, { adapter }]) => adapter && isTarget(name.slice(0, -'.weight'.length), [target]));

/** PEFT's rule: a list names the last parts of a module's name; a string is a pattern for the whole name. */
function isTarget(module: string, targets: AdapterConfig['target_modules']): boolean {
  if (targets == null || targets === 'all-linear') return true;
  if (Array.isArray(targets)) {
    return targets.some((target) => module === target || module.endsWith(`.${target}`));
  }
  return pattern(targets, 'target_modules').test(module);
}

function patternValue(module: string, values: Record<string, number> | null | undefined): number | undefined {
  const found = Object.entries(values ?? {}).find(([key]) =>
    pattern(`(?:.*\\.)?(?:${key})`, 'rank_pattern or alpha_pattern').test(module),
  );
  return found?.[1];
}

function pattern(source: string, field: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (error) {
    throw new WorkstationError(
      'model-unsupported',
      `${configName} has a pattern in ${field} that is not read here: ${source}`,
      'Write the pattern without what only Python knows, or merge the adapter with PEFT first.',
      { cause: error },
    );
  }
}

function requireShape({ name, shape }: StoredTensor, expected: number[]): void {
  if (shape.length === expected.length && elements(shape) > 0 && shape.join() === expected.join()) return;
  throw mismatch(
    `${name} has the shape [${shape.join(', ')}]; the base model and the adapter's rank ask for [${expected.join(', ')}]`,
  );
}

function mismatch(message: string): WorkstationError {
  return new WorkstationError(
    'model-mismatch',
    `${message}.`,
    'The adapter has to be whole and belong to this base model.',
  );
}

function unsupported(message: string): WorkstationError {
  return new WorkstationError(
    'model-unsupported',
    `${message}.`,
    'Merge the adapter into its base with PEFT (merge_and_unload), and import the merged checkpoint.',
  );
}
