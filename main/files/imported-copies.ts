import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { hasVideoEnding } from '../../preload/contract/video-files.ts';
import { isDiskFull, reasonInWords, systemCode } from '../platform/file-errors.ts';

/** Name of a file that lies beside a copy until a video was opened from it. */
const leftOverMark = '.not-opened';

/**
 * Copies of videos that a browser sent because the workstation can't read the originals. A copy stays once a video was
 * opened from it. One that was refused or not wanted after all is removed, so that it is never found in place of the
 * original.
 */
export class ImportedCopies {
  readonly #folder: string;
  readonly #newId: () => string;

  constructor(home: string, newId: () => string) {
    this.#folder = join(home, 'imports');
    this.#newId = newId;
  }

  /**
   * Writes a file that is being sent, and returns its path. A copy that did not arrive whole is removed. Throws
   * `video-not-a-video`, `store-full`, `store-unwritable` or `cancelled`.
   */
  async receive(name: string, content: Readable, signal: AbortSignal): Promise<string> {
    const safe = safeName(name);
    const folder = join(this.#folder, this.#newId());
    const path = join(folder, safe);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, leftOverMark), '', { mode: 0o600 });
      await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
      return path;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw describe(error, signal);
    }
  }

  /** Whether a path is that of a copy. */
  owns(path: string): boolean {
    return relative(this.#folder, path).split(sep).length === 2 && path.startsWith(this.#folder + sep);
  }

  async isLeftOver(path: string): Promise<boolean> {
    return this.owns(path) && (await exists(join(dirname(path), leftOverMark)));
  }

  /** Opens a file by `open`. If it is a copy, it stays only if the opened video uses it, and is removed otherwise. */
  async opening<T extends { path: string }>(path: string, open: () => Promise<T>): Promise<T> {
    try {
      const opened = await open();
      if (opened.path === path && this.owns(path))
        await rm(join(dirname(path), leftOverMark), { force: true });
      else await this.discard(path);
      return opened;
    } catch (error) {
      await this.discard(path);
      throw error;
    }
  }

  /** Removes a copy from which no video was opened. Any other path is left alone. */
  async discard(path: string): Promise<void> {
    if (await this.isLeftOver(path)) await rm(dirname(path), { recursive: true, force: true });
  }

  /** Removes copies that were left when a workstation ended before they were opened. */
  async discardLeftOvers(): Promise<void> {
    for (const name of await namesIn(this.#folder)) {
      const folder = join(this.#folder, name);
      if (await exists(join(folder, leftOverMark))) await rm(folder, { recursive: true, force: true });
    }
  }
}

function safeName(given: string): string {
  const name = basename(given.replaceAll('\\', '/'));
  if (hasVideoEnding(name) && name.length <= 200 && !/[<>:"|?*\p{Cc}]/u.test(name)) return name;
  throw new WorkstationError(
    'video-not-a-video',
    'The dropped file’s name does not end like that of a video.',
    'Drop a video file, such as .mp4, .mkv, .ts, .mpg or .avi.',
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // The folder is made with the first copy, so there is none yet.
    return [];
  }
}

function describe(error: unknown, signal: AbortSignal): unknown {
  const code = systemCode(error);
  if (signal.aborted || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR') {
    return new WorkstationError(
      'cancelled',
      'The file did not arrive whole, so nothing was kept of it.',
      'Drop it again, or open it from its folder: then it is not copied at all.',
      { cause: error },
    );
  }
  if (isDiskFull(error)) {
    return new WorkstationError(
      'store-full',
      'There is not enough room in the data folder for a copy of this video.',
      'Free some space, or open the video from its folder: then it is not copied at all.',
      { cause: error },
    );
  }
  if (code !== null) {
    return new WorkstationError(
      'store-unwritable',
      `The video could not be copied into the data folder (${reasonInWords(error)}).`,
      'Give your account write permission for the data folder, or open the video from its own folder.',
      { cause: error },
    );
  }
  return error;
}
