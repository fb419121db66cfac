import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { availableMemory } from 'node:process';
import { totalmem } from 'node:os';
import { z } from 'zod';
import { ImageProcessorConfig } from '../../main/inference/model/index.ts';
import { asModelError } from '../../main/inference/model/index.ts';
import { estimateMemory } from '../../main/inference/model/index.ts';
import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import { CheckpointManifest, ModelManifest } from '../../preload/contract/model.ts';
import { ModelId } from '../../preload/contract/values.ts';
import type { ImportChoice, ModelFolderReport } from '../../preload/contract/models.ts';
import { baseInside, describeAdapter, isAdapter } from './adapter.ts';
import { bytesOf } from './catalogue-model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readJson } from './configuration.ts';
import { folderBytes, hasGraphs, isImported } from './folders.ts';
import { openSource } from './source.ts';
import { planGraphs } from './plan.ts';
import { weightTypes } from './choices/precision.ts';
import type { WeightType } from './choices/precision.ts';
import { elements, findWeights } from './safetensors.ts';
import { pieceBytes } from './weights.ts';
import { findInterrupted, importKey } from './work-folder.ts';

/** The part of free memory that a model may take and leave room for everything else. */
const comfortable = 0.7;
/** To spare beyond what is written, as the import itself asks for. */
const spareBytes = 64 * 1024 * 1024;

export interface InspectOptions {
  folder: string;
  /** The checkpoint that an adapter belongs to, where a person has said so. */
  base: string | null;
  /** Where imported models are kept. */
  modelsFolder: string;
  /** Bytes of memory that are free; as the system says by default. */
  freeMemoryBytes?: number;
}

/**
 * Looks at a folder that may be imported, and says what it is, what is missing, and what each way of importing it
 * would take. Reads headers and small files only; changes nothing. What is wrong with the folder is in the report.
 *
 * @throws WorkstationError only where the machine itself can't be asked
 */
export async function inspectFolder(options: InspectOptions): Promise<ModelFolderReport> {
  const { folder, modelsFolder, freeMemoryBytes = availableMemory() } = options;
  const report: ModelFolderReport = {
    kind: 'unknown',
    name: basename(resolve(folder)),
    architecture: null,
    parameters: null,
    weights: null,
    manifest: null,
    adapter: null,
    files: [],
    problem: null,
    choices: [],
    freeDiskBytes: await freeBytes(modelsFolder),
    freeMemoryBytes,
    memoryBytes: totalmem(),
  };
  try {
    await describe(report, options);
  } catch (error) {
    report.problem = asProblem(options.folder, error);
  }
  return report;
}

async function describe(report: ModelFolderReport, options: InspectOptions): Promise<void> {
  const { folder } = options;
  const manifest = await readJson(join(folder, 'manifest.json'));
  if (isImported(manifest)) {
    const imported = ModelManifest.parse(manifest);
    report.kind = 'imported';
    report.architecture = imported.architecture;
    report.manifest = imported;
    report.weights = { files: 3, bytes: bytesOf(imported), dtype: imported.dtype };
    return;
  }
  if (await isAdapter(folder)) {
    report.kind = 'adapter';
    const { base, rank } = await describeAdapter(folder);
    const named = options.base ?? (await baseInside(folder, base));
    report.adapter = { base, baseFolder: named === null ? null : resolve(named), rank };
    if (named === null) throw baseMissing(report.name, base);
    await describeCheckpoint(report, named);
    await addChoices(report, options, { checkpoint: folder, base: named });
    return;
  }
  const config = await readJson(join(folder, 'config.json'));
  if (config !== null && (await hasGraphs(folder))) {
    report.kind = 'in-place';
    report.architecture = architectureOf(config);
    report.weights = { files: 3, bytes: await folderBytes(join(folder, 'onnx')), dtype: null };
    return;
  }
  if (config === null && !existsSync(join(folder, 'model.safetensors'))) throw noModel(report.name);
  report.kind = 'checkpoint';
  report.manifest = CheckpointManifest.nullable().parse(manifest);
  await describeCheckpoint(report, folder);
  await addChoices(report, options, { checkpoint: folder });
}

/** What is wanted of a folder, each file by the names that it may have. */
const wantedFiles: [shown: string, ...names: string[]][] = [
  ['config.json', 'config.json'],
  ['preprocessor_config.json', 'preprocessor_config.json'],
  ['tokenizer.json', 'tokenizer.json'],
  ['tokenizer_config.json', 'tokenizer_config.json'],
  ['model.safetensors', 'model.safetensors', 'model.safetensors.index.json'],
];

async function describeCheckpoint(report: ModelFolderReport, folder: string): Promise<void> {
  report.files = wantedFiles.map(([shown, ...names]) => {
    const found = names.find((name) => existsSync(join(folder, name)));
    return { name: found ?? shown, present: found !== undefined };
  });
  report.architecture = architectureOf(await readJson(join(folder, 'config.json')));
  const { tensors, files } = await findWeights(folder);
  const all = [...tensors.values()];
  const dtypes = new Map<string, number>();
  for (const { dtype, bytes } of all) dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + bytes);
  const [main] = [...dtypes].sort(([, one], [, other]) => other - one);
  report.parameters = all.reduce((sum, { shape }) => sum + elements(shape), 0);
  report.weights = {
    files: files.length,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    dtype: main?.[0] ?? null,
  };
}

async function addChoices(
  report: ModelFolderReport,
  { modelsFolder }: InspectOptions,
  source: { checkpoint: string; base?: string },
): Promise<void> {
  const checkpoint = await openSource(source);
  if (!checkpoint.tokenizer) throw noTokenizer();
  const processor = ImageProcessorConfig.parse(
    await readJson(join(checkpoint.folder, 'preprocessor_config.json')),
  );
  const choices: Omit<ImportChoice, 'recommended'>[] = [];
  for (const dtype of weightTypes) {
    const { id, out, pieces, key, bytes } = await planImport(checkpoint, modelsFolder, report.name, dtype);
    const { needed } = estimateMemory(
      {
        manifest: { parameters: checkpoint.configuration.parameters },
        processor,
        graphBytes: bytes,
      },
      { frameCacheBytes: 0, freeBytes: report.freeMemoryBytes },
    );
    const interrupted = (await findInterrupted(out)).find((work) => work.key === key);
    const done = interrupted?.pieces.reduce((sum, index) => sum + pieceBytes(pieces[index]!), 0) ?? null;
    const diskBytes = bytes + (await companionBytes(checkpoint));
    choices.push({
      dtype,
      diskBytes,
      memoryBytes: Math.round(needed),
      fitsDisk: diskBytes + spareBytes - (done ?? 0) <= report.freeDiskBytes,
      fitsMemory:
        needed <= report.freeMemoryBytes * comfortable
          ? 'well'
          : needed <= report.freeMemoryBytes
            ? 'barely'
            : 'no',
      interruptedAt: done === null ? null : done / bytes,
      existing: existsSync(join(out, 'manifest.json')) ? id : null,
    });
  }
  const best = recommended(choices);
  report.choices = choices.map((choice) => ({ ...choice, recommended: choice.dtype === best }));
}

/** Bytes of the files that are copied as they are: the tokenizer's above all. */
async function companionBytes({ folder, companions }: Checkpoint): Promise<number> {
  const sizes = await Promise.all(companions.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Where an import goes, and what it is: the same name for the same weights, so that it can be gone on with. */
export interface ImportPlace {
  id: ModelId;
  out: string;
}

/**
 * Where an import of a folder goes in the models' folder. The name ends with the weight type and with what tells
 * these very weights, and this way of storing them, from others.
 */
export async function importPlace(
  source: { checkpoint: string; base?: string },
  modelsFolder: string,
  dtype: WeightType,
): Promise<ImportPlace> {
  const checkpoint = await openSource(source);
  const { id, out } = await planImport(checkpoint, modelsFolder, basename(resolve(source.checkpoint)), dtype);
  return { id, out };
}

async function planImport(checkpoint: Checkpoint, modelsFolder: string, name: string, dtype: WeightType) {
  const { pieces, bytes } = planGraphs(checkpoint, { dtype });
  const { weightFiles, adapter } = checkpoint;
  const key = await importKey(pieces, [...weightFiles, ...(adapter ? [adapter.weightFile] : [])]);
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  const id = ModelId.parse(`${plain}--${dtype}-${key.slice(0, 10)}`);
  return { id, out: join(modelsFolder, id), pieces, key, bytes };
}

/**
 * 8 bits cost next to no accuracy (docs/RESULTS.md) and are quicker than floats on a CPU, so they are the choice
 * wherever they fit; 4 bits where they don't.
 */
function recommended(choices: Omit<ImportChoice, 'recommended'>[]): WeightType | null {
  const fits = (how: ImportChoice['fitsMemory']) =>
    (['q8', 'int4'] as const).find((dtype) =>
      choices.some((choice) => choice.dtype === dtype && choice.fitsDisk && choice.fitsMemory === how),
    );
  return fits('well') ?? fits('barely') ?? null;
}

const Architecture = z.object({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
});

function architectureOf(config: unknown): string | null {
  const parsed = Architecture.safeParse(config);
  return parsed.success ? (parsed.data.architectures?.[0] ?? parsed.data.model_type ?? null) : null;
}

/** Free bytes of the disk that the models' folder is, or will be, on. */
async function freeBytes(folder: string): Promise<number> {
  let place = resolve(folder);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  return bavail * bsize;
}

function asProblem(folder: string, error: unknown): ErrorReport {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return {
      code: 'model-altered-file',
      message: `A file of this folder is not as it should be (${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}).`,
      hint: 'Copy the whole folder again, with every file that it came with.',
    };
  }
  return toErrorReport(asModelError(folder, error));
}

const noModel = (name: string): WorkstationError =>
  new WorkstationError(
    'model-missing-file',
    `${name} holds no model: there is neither a config.json nor a safetensors file in it.`,
    'Choose the folder that holds config.json and the safetensors files, not the one above it.',
  );

const noTokenizer = (): WorkstationError =>
  new WorkstationError(
    'model-no-tokenizer',
    'The folder has no tokenizer.json, so the model could not be asked anything.',
    'Copy tokenizer.json and tokenizer_config.json from the model that this one was trained from.',
  );

const baseMissing = (name: string, base: string | null): WorkstationError =>
  new WorkstationError(
    'model-missing-file',
    `${name} is an adapter${base === null ? '' : ` for ${base}`}; the model that it belongs to is not here.`,
    'Choose the folder of that model below.',
  );
