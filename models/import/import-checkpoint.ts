import { existsSync } from 'node:fs';
import { chmod, copyFile, open, readdir, rename, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import { ModelDescription, ModelManifest } from '../../preload/contract/model.ts';
import type { ModelFile } from '../../preload/contract/model.ts';
import { ModelId } from '../../preload/contract/values.ts';
import { reasonInWords, refusalOf } from '../../main/platform/file-errors.ts';
import { hashCheckpoint, hashFile } from './checkpoint.ts';
import type { Checkpoint, SourceHashes } from './checkpoint.ts';
import { planGraphs } from './plan.ts';
import type { Plan, PlanOptions } from './plan.ts';
import { hashCost, pieceCost, ProgressMeter } from './progress.ts';
import type { ImportProgress } from './progress.ts';
import { testThatModelSees } from './self-test.ts';
import { openSource } from './source.ts';
import type { ImportSource } from './source.ts';
import { transformersConfig } from './transformers-layout.ts';
import { pieceBytes } from './weights.ts';
import { importKey, WorkFolder } from './work-folder.ts';
import { makeFile, writePieces } from './write-pieces.ts';

export interface ImportOptions extends PlanOptions, ImportSource {
  /** The model directory to make. It must not exist, or be empty. */
  out: string;
  /** Threads that convert; by default what the machine and the size suggest, 0 for none but this one. */
  threads?: number;
  /** Begin anew rather than go on with an import of the same weights that was interrupted. */
  fresh?: boolean;
  /** Open the model at the end, in this process, and refuse it if it doesn't see. */
  selfTest?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: ImportProgress) => void;
}

/** Room for the graphs themselves, the manifest and the copied files, beyond the weights. */
const spareBytes = 64 * 1024 * 1024;

/**
 * Turns a Qwen2.5-VL checkpoint (safetensors; F32, F16 or BF16; sharded or not; tied or not) into a model
 * directory that the engine runs: three ONNX graphs with their weights beside them, the tokenizer's and
 * processor's files, and a manifest with hashes. Weights pass through a few MiB at a time, whatever the size of
 * the checkpoint. The directory appears complete or not at all; an import that was cancelled, killed or stopped by
 * a full disk is gone on with by the next one of the same weights to the same place.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`, `model-wrong-architecture`,
 *   `model-mismatch`, `model-unsupported`, `store-full`, `store-unwritable`, `invalid-input`, `cancelled`
 */
export async function importCheckpoint(options: ImportOptions): Promise<ModelManifest> {
  const { signal } = options;
  const out = resolve(options.out);
  throwIfAborted(signal);
  const checkpoint = await openSource(options).catch((error: unknown) => {
    throw isSystemError(error) ? unreadable(error) : error;
  });
  try {
    const plan = planGraphs(checkpoint, options);
    await requireFree(out);
    return await writeModel(checkpoint, plan, out, options);
  } catch (error) {
    throw isSystemError(error) ? explain(error, checkpoint.folder, out) : error;
  }
}

async function writeModel(
  checkpoint: Checkpoint,
  plan: Plan,
  out: string,
  options: ImportOptions,
): Promise<ModelManifest> {
  const { pieces } = plan;
  const sources = [...checkpoint.weightFiles, ...(checkpoint.adapter ? [checkpoint.adapter.weightFile] : [])];
  const work = await WorkFolder.open(out, await importKey(pieces, sources), options.fresh ?? false);
  try {
    const kept = [...work.pieces.keys()].reduce((sum, index) => sum + pieceBytes(pieces[index]!), 0);
    await requireSpace(out, plan.bytes - kept + spareBytes);
    const meter = meterFor(checkpoint, plan, options.onProgress);
    const files = await writeFiles(checkpoint, plan, work, meter, options);
    const manifest = describe(checkpoint, plan, options, work.source!, files);
    await writeFile(join(work.path, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    if (options.selfTest) {
      meter.begins('Testing that the model sees');
      await testThatModelSees(work.path, options.signal);
    }
    throwIfAborted(options.signal);
    await work.finish();
    // Windows renames onto nothing only, not even onto an empty folder.
    await rmdir(out).catch(ignoreMissing);
    await rename(work.path, out);
    return manifest;
  } catch (error) {
    if (isInterruption(error, checkpoint.folder)) await work.release(out);
    else await work.remove();
    throw error;
  }
}

/** What may be over at the next attempt, as opposed to a checkpoint that is no good or a place that is taken. */
function isInterruption(error: unknown, checkpointFolder: string): boolean {
  if (error instanceof WorkstationError)
    return ['cancelled', 'store-full', 'out-of-memory'].includes(error.code);
  if (!isSystemError(error)) return false;
  const reading = error.path !== undefined && dirname(resolve(error.path)) === checkpointFolder;
  return reading || ['full', 'disk-failed'].includes(refusalOf(error) ?? '');
}

async function writeFiles(
  checkpoint: Checkpoint,
  plan: Plan,
  work: WorkFolder,
  meter: ProgressMeter,
  { signal, threads, layout }: ImportOptions,
): Promise<Record<string, ModelFile>> {
  const { pieces } = plan;
  const dataFolder = join(work.path, 'onnx');
  const converted = (index: number, worked: boolean): void => {
    meter.advance(pieceBytes(pieces[index]!), pieceCost(pieces[index]!), worked);
  };
  const hashed = (bytes: number): void => {
    meter.advance(bytes, hashCost(bytes));
  };

  for (const { name, bytes } of plan.files) await makeFile(join(dataFolder, name), bytes);
  if (work.source) meter.advance(checkpoint.bytesToHash, hashCost(checkpoint.bytesToHash), false);
  else await work.noteSource(await hashCheckpoint(checkpoint, signal, hashed));
  if (work.pieces.size > 0) meter.begins('Checking what is done already');
  await work.verify(pieces, dataFolder, (index) => {
    converted(index, false);
  });
  meter.begins('Converting the weights');
  const left = [...pieces.keys()].filter((index) => !work.pieces.has(index));
  await writePieces(pieces, left, {
    folder: dataFolder,
    threads,
    signal,
    onPiece: async (index, sha256) => {
      await work.notePiece(index, sha256);
      converted(index, true);
    },
  });

  meter.begins('Checking what was written');
  const files: Record<string, ModelFile> = {};
  for (const { name, bytes } of plan.files) {
    const path = join(dataFolder, name);
    await syncFile(path);
    files[`onnx/${name}`] = {
      sha256: await hashFile(path, signal, (piece) => {
        hashed(piece.length);
      }),
      bytes,
    };
  }
  const folder = work.path;
  for (const { path, graph } of Object.values(plan.graphs)) {
    await writeFile(join(folder, path), graph.serialise());
    files[path] = await describeFile(join(folder, path));
  }
  for (const name of checkpoint.companions) {
    if (layout === 'transformers' && name === 'config.json') {
      const dataFiles = plan.files.map((file) => file.name);
      await writeFile(join(folder, name), await transformersConfig(checkpoint.folder, dataFiles));
    } else {
      await copyFile(join(checkpoint.folder, name), join(folder, name));
      // A copy keeps its original's mode, and a read-only one could not be removed on Windows.
      await chmod(join(folder, name), 0o644);
    }
    files[name] = await describeFile(join(folder, name));
  }
  return files;
}

function meterFor(
  checkpoint: Checkpoint,
  { files, pieces }: Plan,
  report: ImportOptions['onProgress'],
): ProgressMeter {
  const hashes = checkpoint.bytesToHash + files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bytes = hashes + pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  const cost = hashCost(hashes) + pieces.reduce((sum, piece) => sum + pieceCost(piece), 0);
  return new ProgressMeter(bytes, cost, (progress) => report?.(progress));
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function describeFile(file: string): Promise<ModelFile> {
  return { sha256: await hashFile(file, undefined), bytes: (await stat(file)).size };
}

function describe(
  checkpoint: Checkpoint,
  { graphs }: Plan,
  { dtype, blockSize = 32, layout }: ImportOptions,
  source: SourceHashes,
  files: Record<string, ModelFile>,
): ModelManifest {
  const { manifest, configuration, adapter, said, answerFormat } = checkpoint;
  const name = basename(resolve(checkpoint.folder));
  const unknown = {
    id: asId(name),
    name,
    version: source.sha256.slice(0, 12),
    licence: 'not stated; see where the checkpoint came from',
    domain: 'unknown' as const,
    domainNote: 'Imported from a checkpoint that does not say what it was taught on.',
    coordinateSpace: 'resized-pixels' as const,
  };
  const described = ModelDescription.parse({ ...(manifest ?? unknown), ...said.model, answerFormat });
  return ModelManifest.parse({
    ...described,
    ...(adapter && source.adapter !== null
      ? { ...nameAdapted(described, adapter.folder, source.adapter), ...said.adapter, answerFormat }
      : {}),
    formatVersion: 1,
    kind: 'imported',
    architecture: 'qwen2_5_vl',
    dtype,
    ...(dtype === 'int4' && { blockSize }),
    tokenizer: checkpoint.tokenizer,
    source: {
      sha256: source.sha256,
      ...(adapter && { adapter: { name: basename(resolve(adapter.folder)), sha256: source.adapter } }),
    },
    parameters: configuration.parameters,
    ...(layout === 'transformers' && { layout }),
    graphs: {
      visionEncoder: graphs.visionEncoder.path,
      embedTokens: graphs.embedTokens.path,
      decoder: graphs.decoder.path,
      ...(graphs.decoderInPlace && { decoderInPlace: graphs.decoderInPlace.path }),
    },
    files,
  });
}

const asId = (name: string): ModelId =>
  ModelId.parse(name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 128));

/** A model with an adapter is another model than its base, and has to be told from it. */
function nameAdapted(base: { id: string; name: string }, adapterFolder: string, sha256: string) {
  const adapter = basename(resolve(adapterFolder));
  return {
    id: asId(`${base.id}-${adapter}`),
    name: `${base.name} with ${adapter}`,
    version: sha256.slice(0, 12),
  };
}

async function requireFree(out: string): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    // The place itself is a file, and not one of the folders above it.
    if (refusalOf(error) === 'not-a-folder' && existsSync(out)) throw occupied(out, error);
    return ignoreMissing(error);
  });
  if (!entries || entries.length === 0) return;
  throw occupied(out);
}

function occupied(out: string, cause?: Error): WorkstationError {
  return new WorkstationError(
    'invalid-input',
    `${out} exists and is not an empty folder.`,
    'Choose a folder that does not exist yet, or remove this one first.',
    { cause },
  );
}

async function requireSpace(out: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(out));
  if (bavail * bsize >= bytes) return;
  const gigabytes = (value: number) => (value / 1e9).toFixed(1);
  throw new WorkstationError(
    'store-full',
    `The import needs ${gigabytes(bytes)} GB and the disk has ${gigabytes(bavail * bsize)} GB left.`,
    'Free some space, choose another disk, or import as q8 or int4, which take about a quarter and a sixth of fp32.',
  );
}

function ignoreMissing(error: unknown): undefined {
  if (refusalOf(error) === 'missing') return undefined;
  throw error;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof WorkstationError) && 'syscall' in error;
}

function unreadable(error: NodeJS.ErrnoException): WorkstationError {
  const { path } = error;
  return new WorkstationError(
    'file-unreadable',
    `${path === undefined ? 'A file' : basename(path)} of the checkpoint cannot be read (${reasonInWords(error)}).`,
    'Check that you may read the folder and that its disk is connected.',
    { cause: error },
  );
}

/** Gives the operating system's refusals a cause and a remedy. */
function explain(error: NodeJS.ErrnoException, checkpoint: string, out: string): WorkstationError {
  const { path, syscall } = error;
  const refusal = refusalOf(error);
  if (path !== undefined && dirname(resolve(path)) === checkpoint) return unreadable(error);
  if ((refusal === 'not-empty' || refusal === 'taken') && syscall !== 'mkdir') return occupied(out, error);
  if (refusal === 'full') {
    return new WorkstationError(
      'store-full',
      'The disk became full during the import.',
      'Free some space and import again, which goes on where this stopped; or choose another disk.',
      { cause: error },
    );
  }
  return new WorkstationError(
    'store-unwritable',
    `${dirname(out)} cannot be written to (${reasonInWords(error)}).`,
    'Choose a folder that you may write to.',
    { cause: error },
  );
}
