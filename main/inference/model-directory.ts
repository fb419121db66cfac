import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { ModelManifest } from '../../preload/contract/model.ts';
import { ImageProcessorConfig } from './image-processor.ts';

const manifestName = 'manifest.json';
const importHint = 'Import the model again: npm run -s cli -- models import CHECKPOINT_DIR --out DIR';

const GenerationConfig = z.object({ repetition_penalty: z.number().positive().optional() });

/** A model directory whose files are what its manifest says. */
export interface ModelDirectory {
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** See {@link modelSha256}. */
  readonly sha256: string;
  readonly processor: ImageProcessorConfig;
  /** From the model's generation_config.json; 1 where it has none. */
  readonly repetitionPenalty: number;
  /** Bytes of the graphs and their weights, about what the sessions will hold. */
  readonly graphBytes: number;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Bytes hashed so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The identity of a model: SHA-256 over `<path>\0<sha256 of the file>\n` for every file of its manifest, paths
 * in code unit order. It changes when any file does, and not when the directory moves.
 */
export function modelSha256(manifest: Pick<ModelManifest, 'files'>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(manifest.files).sort()) {
    hash.update(`${name}\0${manifest.files[name]!.sha256}\n`);
  }
  return hash.digest('hex');
}

/** Path of a manifest's file inside the directory; refuses a name that leads out of it. */
export function pathInModel(directory: string, name: string): string {
  const full = path.resolve(directory, name);
  const relative = path.relative(directory, full);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) {
    throw new WorkstationError(
      'model-altered-file',
      `The manifest names a file outside the model's folder: ${name}`,
      importHint,
    );
  }
  return full;
}

/**
 * Opens an imported model's folder and verifies every file: presence, length and SHA-256.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-wrong-architecture`,
 *   `model-mismatch`, each naming the file or the value, with what was expected and what was found.
 */
export async function openModelDirectory(
  directory: string,
  options: VerifyOptions = {},
): Promise<ModelDirectory> {
  const root = path.resolve(directory);
  const manifest = await readManifest(root);
  const graphFiles = Object.values(manifest.graphs).filter((name) => name !== undefined);
  for (const name of [...graphFiles, ...requiredFiles(manifest)]) {
    if (!(name in manifest.files)) {
      throw new WorkstationError('model-missing-file', `The manifest does not list ${name}.`, importHint);
    }
  }
  await verifyFiles(root, manifest, options);
  const processor = await readJson(root, 'preprocessor_config.json', ImageProcessorConfig);
  checkProcessor(processor, manifest);
  const generation =
    'generation_config.json' in manifest.files
      ? await readJson(root, 'generation_config.json', GenerationConfig)
      : {};
  return {
    directory: root,
    manifest,
    sha256: modelSha256(manifest),
    processor,
    repetitionPenalty: generation.repetition_penalty ?? 1,
    graphBytes: Object.entries(manifest.files)
      .filter(([name]) => name.startsWith('onnx/') || graphFiles.includes(name))
      .reduce((sum, [, file]) => sum + file.bytes, 0),
  };
}

function requiredFiles(manifest: ModelManifest): string[] {
  const names = ['preprocessor_config.json'];
  return manifest.tokenizer ? [...names, 'tokenizer.json', 'tokenizer_config.json'] : names;
}

/** Reads one of the model's JSON files. @throws WorkstationError `model-altered-file` when it doesn't fit. */
export async function readJson<T>(root: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readModelFile(root, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WorkstationError('model-altered-file', `${name} is not valid JSON.`, importHint, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
    throw new WorkstationError(
      'model-altered-file',
      `${name} does not have the expected form${where}: ${issue?.message ?? 'unknown'}`,
      importHint,
    );
  }
  return parsed.data;
}

export async function readModelFile(root: string, name: string): Promise<string> {
  try {
    return await readFile(pathInModel(root, name), 'utf8');
  } catch (cause) {
    if (cause instanceof WorkstationError) throw cause;
    throw missing(root, name, cause);
  }
}

function missing(root: string, name: string, cause: unknown): WorkstationError {
  const code = (cause as NodeJS.ErrnoException).code;
  return new WorkstationError(
    'model-missing-file',
    code === 'ENOENT' || code === 'ENOTDIR'
      ? `The model folder ${path.basename(root)} has no ${name}.`
      : `The model's file ${name} cannot be read (${code ?? 'unknown error'}).`,
    name === manifestName
      ? 'Choose an imported model folder. A Hugging Face checkpoint is imported first: npm run -s cli -- models import CHECKPOINT_DIR --out DIR'
      : importHint,
    { cause },
  );
}

const Preview = z.object({ architecture: z.unknown(), kind: z.unknown(), formatVersion: z.unknown() });

async function readManifest(root: string): Promise<ModelManifest> {
  const preview = await readJson(root, manifestName, Preview);
  if (preview.architecture !== 'qwen2_5_vl') {
    throw new WorkstationError(
      'model-wrong-architecture',
      `The model's architecture is ${String(preview.architecture)}; expected qwen2_5_vl.`,
      'Choose a model of the Qwen2.5-VL family.',
    );
  }
  if (preview.formatVersion !== 1) {
    throw new WorkstationError(
      'model-unsupported',
      `The model folder has format version ${String(preview.formatVersion)}; this program reads version 1.`,
      importHint,
    );
  }
  if (preview.kind !== 'imported') {
    throw new WorkstationError(
      'model-unsupported',
      'This folder holds a checkpoint that has not been imported yet.',
      importHint,
    );
  }
  return readJson(root, manifestName, ModelManifest);
}

async function verifyFiles(root: string, manifest: ModelManifest, options: VerifyOptions): Promise<void> {
  const files = Object.entries(manifest.files);
  const total = files.reduce((sum, [, file]) => sum + file.bytes, 0);
  // Presence and length first: cheap, and a truncated copy is named before gigabytes are hashed.
  for (const [name, file] of files) {
    const found = await stat(pathInModel(root, name)).catch((cause: unknown) => {
      throw missing(root, name, cause);
    });
    if (found.size !== file.bytes) {
      throw new WorkstationError(
        'model-altered-file',
        `${name} is ${found.size < file.bytes ? 'truncated' : 'altered'}: expected ${file.bytes} bytes, found ${found.size}.`,
        'Copy the model folder again, or import it again.',
      );
    }
  }
  let done = 0;
  for (const [name, file] of files) {
    const hash = createHash('sha256');
    try {
      for await (const piece of createReadStream(pathInModel(root, name), { highWaterMark: 1 << 20 })) {
        throwIfAborted(options.signal);
        hash.update(piece as Buffer);
        done += (piece as Buffer).length;
        options.onProgress?.(done, total);
      }
    } catch (cause) {
      throw cause instanceof WorkstationError ? cause : missing(root, name, cause);
    }
    const found = hash.digest('hex');
    if (found !== file.sha256) {
      throw new WorkstationError(
        'model-altered-file',
        `${name} is not the file that was imported: expected SHA-256 ${file.sha256}, found ${found}.`,
        'Copy the model folder again, or import it again.',
      );
    }
  }
}

function checkProcessor(processor: ImageProcessorConfig, manifest: ModelManifest): void {
  const { vision } = manifest.parameters;
  const pairs: [name: string, found: number, expected: number][] = [
    ['patch_size', processor.patch_size, vision.patchSize],
    ['merge_size', processor.merge_size, vision.mergeSize],
    ['temporal_patch_size', processor.temporal_patch_size, vision.temporalPatchSize],
  ];
  for (const [name, found, expected] of pairs) {
    if (found !== expected) {
      throw new WorkstationError(
        'model-mismatch',
        `preprocessor_config.json has ${name} ${found}; the model's vision encoder expects ${expected}.`,
        'Use the preprocessor_config.json that belongs to this model, and import it again.',
      );
    }
  }
}
