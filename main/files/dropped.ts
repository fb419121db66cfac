import { createHash } from 'node:crypto';
import { open, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DroppedDescription, DroppedFile, FoundFile } from '../../preload/contract/bridge.ts';
import { edgesOf, samplesOf, type FileSample } from '../../preload/contract/file-samples.ts';
import type { GrantRegistry } from './grants.ts';

export interface DroppedOptions {
  grants: GrantRegistry;
  /** The data folder, whose disk would have to hold a copy. */
  home: string;
  /** Folders to look in: those that the person has browsed, and the usual places. */
  folders: () => Promise<string[]>;
  /** Paths of known videos of this size, whatever they are called. */
  knownPaths: (size: number) => string[];
  /** Whether a path is that of a copy that was never opened, which must not be found as a recording. */
  isLeftOver: (path: string) => Promise<boolean>;
}

/**
 * Looks for a file that was dropped into a browser, which hides its path. Name and size only say where to look; samples of
 * its bytes decide whether it is the same recording. If several files match, all are returned for a person to choose.
 */
export async function findDropped(
  dropped: DroppedDescription,
  { grants, home, folders, knownPaths, isLeftOver }: DroppedOptions,
): Promise<DroppedFile> {
  const name = basename(dropped.name.replaceAll('\\', '/'));
  const candidates = [
    ...knownPaths(dropped.size),
    ...grants.paths().filter((path) => basename(path) === name),
    ...(await folders()).map((folder) => join(folder, name)),
  ];
  const found = new Map<string, FoundFile>();
  for (const path of new Set(candidates)) {
    const real = await realFile(path, dropped.size);
    if (real === null || found.has(real) || (await isLeftOver(path))) continue;
    if (!(await holdsSameBytes(path, dropped))) continue;
    found.set(real, { grantId: grants.add(path), name: basename(path), folder: dirname(path) });
  }
  return { found: [...found.values()], exact: false, freeBytes: await freeBytesOf(home) };
}

/** Identifies a file, so that one reached by several links or mounts counts once; null if there is none of this size. */
async function realFile(path: string, size: number): Promise<string | null> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile() || found.size !== BigInt(size)) return null;
    return found.ino === 0n ? await realpath(path) : `${found.dev}:${found.ino}`;
  } catch {
    // A file that is missing, or that this account can't read, can't be the one that was dropped.
    return null;
  }
}

async function holdsSameBytes(path: string, dropped: DroppedDescription): Promise<boolean> {
  try {
    // The edges come first, because three small reads already tell most other files of this name and size apart.
    if ((await digestOf(path, edgesOf(dropped.size))) !== dropped.edges) return false;
    return (await digestOf(path, samplesOf(dropped.size, dropped.seed))) === dropped.samples;
  } catch {
    // The file or its disk went away while it was read.
    return false;
  }
}

/** SHA-256 over the samples, one after the other. */
export async function digestOf(path: string, samples: readonly FileSample[]): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (const { start, length } of samples) {
      let done = 0;
      while (done < length) {
        const wanted = Math.min(buffer.length, length - done);
        const { bytesRead } = await file.read(buffer, 0, wanted, start + done);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function freeBytesOf(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // Some file systems don't say; then the copy itself fails if the disk is full.
    return null;
  }
}
