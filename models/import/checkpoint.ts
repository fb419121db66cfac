import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { z } from 'zod';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import type { AnswerFormat } from '../../preload/contract/model.ts';
import { answerFormatOf, readStatement } from '../../main/inference/model/index.ts';
import type { Statement } from '../../main/inference/model/index.ts';
import { picturesFile } from '../../main/inference/model/index.ts';
import { refusalOf } from '../../main/platform/file-errors.ts';
import { fileLimits, plainBytes, plainStat } from '../../main/platform/plain-file.ts';
import { applyAdapter, openAdapter } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { readConfiguration, readJson } from './configuration.ts';
import type { Configuration } from './configuration.ts';
import { findWeights } from './safetensors.ts';
import { matchTensors } from './tensors.ts';
import type { CheckpointTensors } from './tensors.ts';

/** Files that the engine or a reader of the imported model needs, copied as they are where present. */
const companions = [
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'chat_template.json',
  picturesFile,
  'LICENSE',
  'NOTICE',
  'README.md',
];

/** A checkpoint folder whose parts are all there and fit each other. Its bytes are not hashed yet. */
export interface Checkpoint {
  folder: string;
  configuration: Configuration;
  tensors: CheckpointTensors;
  /** Paths of the weight files, sorted by name. */
  weightFiles: string[];
  adapter: Adapter | null;
  companions: string[];
  tokenizer: boolean;
  manifest: CheckpointManifest | null;
  /** What is said beside the files of the model, and of the adapter. */
  said: { model: Statement; adapter: Statement };
  answerFormat: AnswerFormat;
  /** Bytes that `hashCheckpoint` reads. */
  bytesToHash: number;
}

export interface OpenCheckpointOptions {
  /** Of a PEFT adapter to be merged on the way. */
  adapter?: string | undefined;
  /** How the model writes its answers, where a person says so. */
  answerFormat?: AnswerFormat | undefined;
}

/**
 * Opens a Hugging Face checkpoint folder and checks it as far as headers and sizes go.
 *
 * @throws WorkstationError naming the file, field or tensor
 */
export async function openCheckpoint(
  folder: string,
  { adapter: adapterFolder, answerFormat }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  await requireFolder(folder);
  const configuration = await readConfiguration(folder);
  const manifest = await readCheckpointManifest(folder);
  let bytesToHash = 0;
  for (const [name, expected] of Object.entries(manifest?.files ?? {})) {
    bytesToHash += await checkSize(folder, name, expected.bytes);
  }
  const weights = await findWeights(folder);
  for (const file of weights.files) {
    if (!manifest) bytesToHash += (await stat(file)).size;
    else if (!manifest.files[basename(file)])
      throw altered('manifest.json', `it does not list ${basename(file)}`);
  }
  const adapter = adapterFolder === undefined ? null : await openAdapter(adapterFolder);
  if (adapter) bytesToHash += (await stat(adapter.weightFile)).size;
  const tensors = matchTensors(
    adapter ? applyAdapter(weights.tensors, adapter, configuration.tied) : weights.tensors,
    configuration,
  );
  const present: string[] = [];
  for (const name of companions) if (await isCompanion(join(folder, name), name)) present.push(name);
  const tokenizer = present.includes('tokenizer.json');
  const needed = tokenizer
    ? ['preprocessor_config.json', 'tokenizer_config.json']
    : ['preprocessor_config.json'];
  for (const name of needed) if (!present.includes(name)) throw missing(name);
  if (tokenizer) {
    checkTokenIds(await readJson(join(folder, 'tokenizer.json')), configuration);
    await requireChatTemplate(folder, present);
  }
  const said = {
    model: await readStatement(folder),
    adapter: adapterFolder === undefined ? {} : await readStatement(adapterFolder),
  };
  return {
    folder,
    configuration,
    tensors,
    weightFiles: weights.files,
    adapter,
    companions: present,
    tokenizer,
    manifest,
    said,
    answerFormat: await answerFormatOf(folder, {
      wish: answerFormat,
      said: [said.adapter, said.model, manifest ?? {}],
      architecture: configuration.architecture,
    }),
    bytesToHash,
  };
}

export interface SourceHashes {
  /** Of all weight files of the checkpoint, in order of their names, as if they were one file. */
  sha256: string;
  /** Of the adapter's weight file. */
  adapter: string | null;
}

/**
 * Reads every weight file once: compares its hash with the checkpoint's own manifest where it has one, and
 * returns the SHA-256 of all of them.
 *
 * @throws WorkstationError `model-altered-file` naming the file
 */
export async function hashCheckpoint(
  checkpoint: Checkpoint,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<SourceHashes> {
  const combined = createHash('sha256');
  const listed = Object.entries(checkpoint.manifest?.files ?? {});
  const weights = new Set(checkpoint.weightFiles.map((file) => basename(file)));
  for (const name of weights) {
    const found = await hashFile(join(checkpoint.folder, name), signal, (bytes) => {
      combined.update(bytes);
      onBytes(bytes.length);
    });
    compareHash(checkpoint, name, found);
  }
  for (const [name] of listed) {
    if (weights.has(name)) continue;
    const found = await hashFile(join(checkpoint.folder, name), signal, (bytes) => onBytes(bytes.length));
    compareHash(checkpoint, name, found);
  }
  const adapter =
    checkpoint.adapter &&
    (await hashFile(checkpoint.adapter.weightFile, signal, (bytes) => onBytes(bytes.length)));
  return { sha256: combined.digest('hex'), adapter };
}

function compareHash(checkpoint: Checkpoint, name: string, found: string): void {
  const expected = checkpoint.manifest?.files[name]?.sha256;
  if (expected !== undefined && expected !== found) throw altered(name, 'its hash differs from the manifest');
}

export async function hashFile(
  file: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: Buffer) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of plainBytes(file)) {
    throwIfAborted(signal);
    hash.update(bytes);
    onBytes(bytes);
  }
  return hash.digest('hex');
}

async function readCheckpointManifest(folder: string): Promise<CheckpointManifest | null> {
  const json = await readJson(join(folder, 'manifest.json'));
  if (json === null) return null;
  const manifest = CheckpointManifest.safeParse(json);
  if (!manifest.success) {
    const issue = manifest.error.issues[0];
    throw altered('manifest.json', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
  }
  return manifest.data;
}

async function checkSize(folder: string, name: string, bytes: number): Promise<number> {
  if (
    posix.normalize(name) !== name ||
    name.startsWith('/') ||
    name.startsWith('..') ||
    name.includes('\\')
  ) {
    throw altered('manifest.json', `it lists ${name}, which is not inside the folder`);
  }
  let size: number;
  try {
    size = (await plainStat(join(folder, name))).size;
  } catch (error) {
    if (refusalOf(error) !== 'missing') throw error;
    throw missing(name);
  }
  if (size !== bytes) throw altered(name, `it has ${size} bytes and the manifest says ${bytes}`);
  return size;
}

const AddedTokens = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string() })).default([]),
});

/** The configuration and the tokenizer have to mean the same tokens, or an image would be read as words. */
function checkTokenIds(json: unknown, { parameters }: Configuration): void {
  const parsed = AddedTokens.safeParse(json);
  if (!parsed.success) throw altered('tokenizer.json', 'its added_tokens are malformed');
  const ids = new Map(parsed.data.added_tokens.map((token) => [token.content, token.id]));
  const expected: [string, number][] = [
    ['<|image_pad|>', parameters.tokens.image],
    ['<|vision_start|>', parameters.tokens.visionStart],
    ['<|vision_end|>', parameters.tokens.visionEnd],
  ];
  for (const [token, id] of expected) {
    const found = ids.get(token);
    if (found === id) continue;
    throw new WorkstationError(
      'model-mismatch',
      `The tokenizer ${found === undefined ? 'has no' : `gives id ${found} to`} ${token}; config.json says ${id}.`,
      'config.json and tokenizer.json have to come from the same checkpoint.',
    );
  }
}

/** Without one it isn't known how the model wants to be asked. */
async function requireChatTemplate(folder: string, present: string[]): Promise<void> {
  if (present.includes('chat_template.jinja') || present.includes('chat_template.json')) return;
  const config = z
    .object({ chat_template: z.unknown() })
    .safeParse(await readJson(join(folder, 'tokenizer_config.json')));
  if (config.success && config.data.chat_template != null) return;
  throw new WorkstationError(
    'model-missing-file',
    'The checkpoint has no chat template: no chat_template.jinja, chat_template.json, or chat_template in tokenizer_config.json.',
    'Copy the template from the checkpoint that this one was trained from.',
  );
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory()) return;
  throw new WorkstationError(
    'model-missing-file',
    `There is no folder at ${resolve(folder)}.`,
    'Choose the folder that holds config.json and the safetensors files.',
  );
}

/** Files that only a reader wants: left where they are when they are too large to be one, or no file. */
const forReaders = new Set(['special_tokens_map.json', 'LICENSE', 'NOTICE', 'README.md']);

async function isCompanion(file: string, name: string): Promise<boolean> {
  try {
    const { size } = await plainStat(file);
    return !forReaders.has(name) || size <= fileLimits.json;
  } catch (error) {
    if (error instanceof WorkstationError && !forReaders.has(name)) throw error;
    return false;
  }
}

function missing(name: string): WorkstationError {
  return new WorkstationError(
    'model-missing-file',
    `The checkpoint has no ${name}.`,
    'Copy the whole checkpoint folder again, with every file that it came with.',
  );
}

function altered(name: string, what: string): WorkstationError {
  return new WorkstationError(
    'model-altered-file',
    `${name} is not as it was made: ${what}.`,
    'Copy the whole checkpoint folder again.',
  );
}
