import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, readdir, rename, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import { ModelManifest } from '../../preload/contract/model.ts';
import type { ModelFile } from '../../preload/contract/model.ts';
import { ModelId } from '../../preload/contract/values.ts';
import { baseOf, isAdapter } from './adapter.ts';
import { hashCheckpoint, hashFile, openCheckpoint } from './checkpoint.ts';
import type { Checkpoint, SourceHashes } from './checkpoint.ts';
import { buildDecoder } from './decoder.ts';
import { buildEmbedTokens } from './embed-tokens.ts';
import { makeFolder } from './folders.ts';
import type { GraphBuilder } from './graph.ts';
import { precisionOf } from './precision.ts';
import type { BlockSize, WeightType } from './precision.ts';
import { buildVisionEncoder } from './vision-encoder.ts';
import { defaultLimits, ExternalData, pieceBytes } from './weights.ts';
import type { Limits } from './weights.ts';
import { makeFile, writePieces } from './write-pieces.ts';

/** Bytes read for hashes plus bytes written, of all that there will be. */
export interface ImportProgress {
  done: number;
  total: number;
}

export interface ImportOptions {
  /** A Hugging Face checkpoint folder, or that of a PEFT adapter. */
  checkpoint: string;
  /** A PEFT adapter that is merged into the checkpoint. */
  adapter?: string;
  /** The checkpoint that `checkpoint` is an adapter for, if it is one; by default the folder that it names. */
  base?: string;
  /** The model directory to make. It must not exist, or be empty. */
  out: string;
  dtype: WeightType;
  /** Values that share a scale in int4; 32 by default. 128 is smaller and less exact. */
  blockSize?: BlockSize;
  /** Other limits than usual, for tests. */
  limits?: Partial<Limits>;
  signal?: AbortSignal;
  onProgress?: (progress: ImportProgress) => void;
}

interface Plan {
  graphs: { path: string; graph: GraphBuilder; data: ExternalData }[];
  bytes: number;
}

/** Room for the graphs themselves, the manifest and the copied files, beyond the weights. */
const spareBytes = 64 * 1024 * 1024;

/**
 * Turns a Qwen2.5-VL checkpoint (safetensors; F32, F16 or BF16; sharded or not; tied or not) into a model
 * directory that the engine runs: three ONNX graphs with their weights beside them, the tokenizer's and
 * processor's files, and a manifest with hashes. Weights pass through a few MiB at a time, whatever the size of
 * the checkpoint. The directory appears complete or not at all.
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
    await requireSpace(out, plan.bytes + spareBytes);
    return await writeModel(checkpoint, plan, out, options);
  } catch (error) {
    throw isSystemError(error) ? explain(error, checkpoint.folder, out) : error;
  }
}

async function openSource({ checkpoint, adapter, base }: ImportOptions): Promise<Checkpoint> {
  if (await isAdapter(checkpoint)) return openCheckpoint(await baseOf(checkpoint, base), checkpoint);
  if (base === undefined) return openCheckpoint(checkpoint, adapter);
  throw new WorkstationError(
    'invalid-input',
    `${basename(resolve(checkpoint))} is no adapter, so it has no base.`,
    'Leave the base out, or give the folder of an adapter (with adapter_config.json).',
  );
}

async function writeModel(
  checkpoint: Checkpoint,
  plan: Plan,
  out: string,
  options: ImportOptions,
): Promise<ModelManifest> {
  const { signal, onProgress } = options;
  const pieces = plan.graphs.flatMap(({ data }) => data.pieces);
  const total = checkpoint.bytesToHash + pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  let done = 0;
  const advance = (bytes: number): void => {
    done += bytes;
    onProgress?.({ done, total });
  };
  await removeAbandoned(out);
  const temporary = `${out}.importing-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    makeFolder(join(temporary, 'onnx'));
    const source = await hashCheckpoint(checkpoint, signal, advance);
    const files = await writeFiles(checkpoint, plan, temporary, signal, advance);
    const manifest = describe(checkpoint, options, source, files);
    await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    throwIfAborted(signal);
    // Windows renames onto nothing only, not even onto an empty folder.
    await rmdir(out).catch(ignoreMissing);
    await rename(temporary, out);
    return manifest;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

function planGraphs(checkpoint: Checkpoint, { dtype, blockSize = 32, limits }: ImportOptions): Plan {
  const { configuration, tensors } = checkpoint;
  const precision = precisionOf(dtype, blockSize);
  const allLimits = { ...defaultLimits, ...limits };
  const visionData = new ExternalData('vision_encoder.onnx_data', allLimits);
  const embedData = new ExternalData('embed_tokens.onnx_data', allLimits);
  const decoderData = new ExternalData('decoder.onnx_data', allLimits);
  const { hidden } = configuration.text;
  const embeddings = embedData.matrix([tensors.text('embed_tokens.weight')], hidden, precision.vocabulary);
  // Tied embeddings are stored once: the decoder's output matrix names the embeddings' file.
  const head = configuration.tied
    ? embeddings
    : decoderData.matrix([tensors.head], hidden, precision.vocabulary);
  const graphs = [
    {
      path: 'onnx/vision_encoder.onnx',
      graph: buildVisionEncoder(configuration, tensors, visionData, precision.vision),
      data: visionData,
    },
    { path: 'onnx/embed_tokens.onnx', graph: buildEmbedTokens(configuration, embeddings), data: embedData },
    {
      path: 'onnx/decoder.onnx',
      graph: buildDecoder(configuration, tensors, decoderData, head, precision.layers),
      data: decoderData,
    },
  ];
  return { graphs, bytes: graphs.reduce((sum, { data }) => sum + data.bytes, 0) };
}

async function writeFiles(
  checkpoint: Checkpoint,
  plan: Plan,
  folder: string,
  signal: AbortSignal | undefined,
  advance: (bytes: number) => void,
): Promise<Record<string, ModelFile>> {
  const files: Record<string, ModelFile> = {};
  for (const { path, graph, data } of plan.graphs) {
    for (const { name, bytes } of data.files) await makeFile(join(folder, 'onnx', name), bytes);
    await writePieces(join(folder, 'onnx'), data.pieces, signal, advance);
    for (const { name } of data.files) {
      files[`onnx/${name}`] = await describeFile(join(folder, 'onnx', name));
    }
    await writeFile(join(folder, path), graph.serialise());
    files[path] = await describeFile(join(folder, path));
  }
  for (const name of checkpoint.companions) {
    await copyFile(join(checkpoint.folder, name), join(folder, name));
    // A copy keeps its original's mode, and a read-only one could not be removed on Windows.
    await chmod(join(folder, name), 0o644);
    files[name] = await describeFile(join(folder, name));
  }
  return files;
}

async function describeFile(file: string): Promise<ModelFile> {
  return { sha256: await hashFile(file, undefined), bytes: (await stat(file)).size };
}

function describe(
  checkpoint: Checkpoint,
  { dtype, blockSize = 32 }: ImportOptions,
  source: SourceHashes,
  files: Record<string, ModelFile>,
): ModelManifest {
  const { manifest, configuration, adapter } = checkpoint;
  const name = basename(resolve(checkpoint.folder));
  const unknown = {
    id: asId(name),
    name,
    version: source.sha256.slice(0, 12),
    licence: 'not stated; see where the checkpoint came from',
    domain: 'unknown' as const,
    domainNote: 'Imported from a checkpoint that does not say what it was taught on.',
    coordinateSpace: 'resized-pixels' as const,
    answerFormat: 'think-answer-json' as const,
  };
  return ModelManifest.parse({
    ...(manifest ?? unknown),
    ...(adapter && source.adapter !== null
      ? nameAdapted(manifest ?? unknown, adapter.folder, source.adapter)
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
    graphs: {
      visionEncoder: 'onnx/vision_encoder.onnx',
      embedTokens: 'onnx/embed_tokens.onnx',
      decoder: 'onnx/decoder.onnx',
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

/** Removes what imports into the same place left behind when their process was killed. */
async function removeAbandoned(out: string): Promise<void> {
  const prefix = `${basename(out)}.importing-`;
  for (const name of await readdir(dirname(out))) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isRunning(owner)) continue;
    await rm(join(dirname(out), name), { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  try {
    // Signal 0 is not sent; it only asks whether the process is there.
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function requireFree(out: string): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    // The place itself is a file, and not one of the folders above it.
    if (error.code === 'ENOTDIR' && existsSync(out)) throw occupied(out, error);
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
  makeFolder(dirname(out));
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
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof WorkstationError) && 'syscall' in error;
}

function unreadable({ code, path }: NodeJS.ErrnoException): WorkstationError {
  return new WorkstationError(
    'file-unreadable',
    `${path === undefined ? 'A file' : basename(path)} of the checkpoint cannot be read (${code}).`,
    'Check that you may read the folder and that its disk is connected.',
  );
}

/** Gives the operating system's refusals a cause and a remedy. */
function explain(error: NodeJS.ErrnoException, checkpoint: string, out: string): WorkstationError {
  const { code, path, syscall } = error;
  if (path !== undefined && dirname(resolve(path)) === checkpoint) return unreadable(error);
  if ((code === 'ENOTEMPTY' || code === 'EEXIST') && syscall !== 'mkdir') return occupied(out, error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WorkstationError(
      'store-full',
      'The disk became full during the import.',
      'Free some space or choose another disk. Nothing was left behind.',
      { cause: error },
    );
  }
  const why = code === 'ENOTDIR' || code === 'EEXIST' ? 'a file stands where a folder is needed' : code;
  return new WorkstationError(
    'store-unwritable',
    `${dirname(out)} cannot be written to (${why}).`,
    'Choose a folder that you may write to.',
    { cause: error },
  );
}
