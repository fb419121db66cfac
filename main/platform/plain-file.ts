import { constants, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';

/**
 * Reads files from untrusted folders. A model's folder may hold a pipe that nobody writes to, a device without an end,
 * gigabytes under a small file's name, or JSON that is nested a million times. So only regular files are read, and only
 * up to the size that their purpose explains.
 */

const mebibyte = 2 ** 20;

/** The most bytes that each kind of a model's files may have. */
export const fileLimits = {
  json: 8 * mebibyte,
  /** A vocabulary with its merges; the largest known have 35 MB. */
  tokenizer: 96 * mebibyte,
  template: mebibyte,
  /** Smaller than other JSON, because the workstation's own process reads it. */
  manifest: 2 * mebibyte,
} as const;

/** How deep JSON may be nested. The files of real models have about ten levels. */
const deepest = 100;

const copyAgain = 'Download or copy the model folder again, with every file as its maker gave it.';

/** The most bytes that a file of this name may have. */
export function limitOf(name: string): number {
  const file = basename(name);
  if (file === 'tokenizer.json') return fileLimits.tokenizer;
  if (file === 'manifest.json') return fileLimits.manifest;
  return file.endsWith('.jinja') ? fileLimits.template : fileLimits.json;
}

/**
 * Like `stat`, but only for regular files.
 *
 * @throws WorkstationError `model-altered-file` for a folder, pipe, socket or device; the system's own errors
 */
export async function plainStat(file: string): Promise<Stats> {
  const found = await stat(file);
  requirePlain(file, found);
  return found;
}

/**
 * Opens a regular file and nothing else, since opening a pipe would wait for its writer, and a device has no end. The file
 * is checked before it is opened, as opening alone can make a device act, and again afterwards, as it may have been replaced.
 *
 * @throws as {@link plainStat}
 */
export async function openPlain(file: string): Promise<{ handle: FileHandle; bytes: number }> {
  await plainStat(file);
  // Windows has neither this flag nor pipes among its files.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await handle.stat();
    requirePlain(file, found);
    return { handle, bytes: found.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a regular file as text, and no further than its size says, because some files of the system never end.
 *
 * @param limit the most bytes that it may have
 * @throws as {@link plainStat}, and `model-altered-file` for a file that is larger
 */
export async function readPlainText(file: string, limit = limitOf(file)): Promise<string> {
  const { handle, bytes } = await openPlain(file);
  try {
    requireSize(file, bytes, limit);
    const content = Buffer.alloc(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await handle.read(content, filled, bytes - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return content.toString('utf8', 0, filled);
  } finally {
    await handle.close();
  }
}

/** @throws WorkstationError `model-altered-file` for a file that is larger than its purpose explains. */
export function requireSize(file: string, bytes: number, limit = limitOf(file)): void {
  if (bytes <= limit) return;
  throw new WorkstationError(
    'model-altered-file',
    `${basename(file)} has ${inMegabytes(bytes)}; no model needs more than ${inMegabytes(limit)} of it.`,
    copyAgain,
  );
}

/** Yields the bytes of a regular file, and no more than it had when it was opened, as above. */
export async function* plainBytes(file: string, pieceBytes = mebibyte): AsyncGenerator<Buffer> {
  const { handle, bytes } = await openPlain(file);
  try {
    for (let at = 0; at < bytes;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, bytes - at));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Parses the JSON of a model's file.
 *
 * @param name of the file, for the message
 * @throws WorkstationError `model-altered-file` if it is no JSON, or nested deeper than any real model's
 */
export function parseModelJson(name: string, text: string, hint = copyAgain): unknown {
  if (isDeeperThan(deepest, text)) {
    throw new WorkstationError(
      'model-altered-file',
      `${name} is nested more than ${deepest} levels deep, which no file of a model is.`,
      hint,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WorkstationError('model-altered-file', `${name} is not valid JSON.`, hint, { cause });
  }
}

/** Counts brackets outside of strings. This is exact for valid JSON; anything else is refused by the parser. */
function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x5b || character === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return false;
}

function requirePlain(file: string, found: Stats): void {
  if (found.isFile()) return;
  const kind = found.isDirectory()
    ? 'a folder'
    : found.isFIFO()
      ? 'a pipe'
      : found.isSocket()
        ? 'a socket'
        : 'a device';
  throw new WorkstationError(
    'model-altered-file',
    `${basename(file)} is ${kind}, where a file is expected.`,
    copyAgain,
  );
}

const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / mebibyte)} MB`;
