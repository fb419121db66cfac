import { createHash } from 'node:crypto';
import path from 'node:path';
import type { z } from 'zod';
import { throwIfAborted, WorkstationError } from '../../../preload/contract/errors.ts';
import type { ModelFile, ModelManifest, ModelParameters } from '../../../preload/contract/model.ts';
import type { ImageProcessorConfig } from '../image/image-processor.ts';
import { isMissing, reasonInWords, systemCode } from '../../platform/file-errors.ts';
import { parseModelJson, plainBytes, plainStat, readPlainText } from '../../platform/plain-file.ts';

export const manifestName = 'manifest.json';
export const importHint =
  'Import the model again: npm run -s cli -- models import CHECKPOINT_DIR --out DIR. A folder that is used in place is downloaded or copied again.';

export interface HashOptions {
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

/** Reads one of the model's JSON files. @throws WorkstationError `model-altered-file` when it doesn't fit. */
export async function readJson<T>(
  root: string,
  name: string,
  schema: z.ZodType<T>,
  hint = importHint,
): Promise<T> {
  const value = parseModelJson(name, await readModelFile(root, name), hint);
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
    throw new WorkstationError(
      'model-altered-file',
      `${name} does not have the expected form${where}: ${issue?.message ?? 'unknown'}`,
      hint,
    );
  }
  return parsed.data;
}

export async function readModelFile(root: string, name: string): Promise<string> {
  try {
    return await readPlainText(pathInModel(root, name));
  } catch (cause) {
    if (cause instanceof WorkstationError) throw cause;
    throw missing(root, name, cause);
  }
}

/**
 * What went wrong with a model's folder, as an error that a person can act on. Readers check what they know of; a
 * damaged folder may still surprise one of them, or a library, and then the fault is the folder's, too.
 */
export function asModelError(folder: string, cause: unknown): unknown {
  if (cause instanceof WorkstationError || (cause instanceof Error && cause.name === 'AbortError'))
    return cause;
  const words = reasonInWords(cause);
  return systemCode(cause) === null
    ? new WorkstationError(
        'model-unsupported',
        `The model folder ${path.basename(folder)} cannot be used: ${words.split('\n')[0]!.slice(0, 300)}`,
        'Download or copy the model folder again, with every file as its maker gave it, or choose another model.',
        { cause },
      )
    : new WorkstationError(
        'file-unreadable',
        `A file of the model folder ${path.basename(folder)} cannot be read (${words}).`,
        'Check that you may read the folder and that its disk is connected.',
        { cause },
      );
}

/** What to tell of a model's file that is not there, or cannot be read. */
export function missing(root: string, name: string, cause?: unknown): WorkstationError {
  return new WorkstationError(
    'model-missing-file',
    cause === undefined || isMissing(cause)
      ? `The model folder ${path.basename(root)} has no ${name}.`
      : `The model's file ${name} cannot be read (${reasonInWords(cause)}).`,
    name === manifestName
      ? 'Choose an imported model folder. A Hugging Face checkpoint is imported first: npm run -s cli -- models import CHECKPOINT_DIR --out DIR'
      : importHint,
    { cause },
  );
}

/** Bytes of one of the model's files. @throws WorkstationError `model-missing-file` */
export async function fileBytes(root: string, name: string): Promise<number> {
  const found = await plainStat(pathInModel(root, name)).catch((cause: unknown) => {
    throw cause instanceof WorkstationError ? cause : missing(root, name, cause);
  });
  return found.size;
}

/**
 * Reads the model's files, one after the other, and yields their hashes.
 * @throws WorkstationError `model-missing-file`, `cancelled`
 */
export async function* hashFiles(
  root: string,
  files: readonly (readonly [name: string, bytes: number])[],
  options: HashOptions,
): AsyncGenerator<readonly [name: string, file: ModelFile]> {
  const total = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  let done = 0;
  for (const [name] of files) {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const piece of plainBytes(pathInModel(root, name))) {
        throwIfAborted(options.signal);
        hash.update(piece);
        bytes += piece.length;
        done += piece.length;
        options.onProgress?.(done, total);
      }
    } catch (cause) {
      throw cause instanceof WorkstationError ? cause : missing(root, name, cause);
    }
    yield [name, { sha256: hash.digest('hex'), bytes }];
  }
}

/** @throws WorkstationError `model-mismatch` for a processor whose patches are not those of the vision encoder. */
export function checkProcessor(
  name: string,
  processor: ImageProcessorConfig,
  { vision }: ModelParameters,
): void {
  const pairs: [field: string, found: number, expected: number][] = [
    ['patch_size', processor.patch_size, vision.patchSize],
    ['merge_size', processor.merge_size, vision.mergeSize],
    ['temporal_patch_size', processor.temporal_patch_size, vision.temporalPatchSize],
  ];
  for (const [field, found, expected] of pairs) {
    if (found !== expected) {
      throw new WorkstationError(
        'model-mismatch',
        `${name} has ${field} ${found}; the model's vision encoder expects ${expected}.`,
        `Use the ${name} that belongs to this model; import it again if it was imported.`,
      );
    }
  }
}
