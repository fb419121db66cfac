import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { hasVideoEnding } from './browse.ts';

/**
 * Copies a video that a browser sent, because it lies nowhere that the workstation may read, into the data
 * folder. Returns its path. What was copied of a broken transfer is removed. Throws `video-not-a-video`,
 * `store-full`, `store-unwritable` or `cancelled`.
 */
export async function importVideo(
  home: string,
  input: { name: string; content: Readable; signal: AbortSignal },
  newId: () => string,
): Promise<string> {
  const name = basename(input.name.replaceAll('\\', '/'));
  if (!hasVideoEnding(name) || name.length > 200 || /[<>:"|?*\p{Cc}]/u.test(name)) {
    throw new WorkstationError(
      'video-not-a-video',
      'The dropped file’s name does not end like that of a video.',
      'Drop a video file, such as .mp4, .mkv, .ts, .mpg or .avi.',
    );
  }
  const folder = join(home, 'imports', newId());
  const path = join(folder, name);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await pipeline(input.content, createWriteStream(path, { flags: 'wx', mode: 0o600 }), {
      signal: input.signal,
    });
    return path;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw describe(error, input.signal);
  }
}

function describe(error: unknown, signal: AbortSignal): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (signal.aborted || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR') {
    return new WorkstationError(
      'cancelled',
      'The file did not arrive whole, so nothing was kept of it.',
      'Drop it again, or open it from its folder: then it is not copied at all.',
      { cause: error },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WorkstationError(
      'store-full',
      'There is not enough room in the data folder for a copy of this video.',
      'Free some space, or open the video from its folder: then it is not copied at all.',
      { cause: error },
    );
  }
  if (typeof code === 'string') {
    return new WorkstationError(
      'store-unwritable',
      `The video could not be copied into the data folder (${code}).`,
      'Give your account write permission for the data folder, or open the video from its own folder.',
      { cause: error },
    );
  }
  return error;
}
