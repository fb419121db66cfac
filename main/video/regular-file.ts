import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { isMissing, reasonInWords, refusalOf, systemCode } from '../platform/file-errors.ts';
import type { ByteSource } from './pieces.ts';

/** What tells cheaply that a file may have changed. */
export interface FileStamp {
  readonly size: number;
  readonly modifiedMilliseconds: number;
}

/** Size and time of a file that can be opened. Throws `file-missing`, `file-unreadable`, `video-not-a-video`. */
export async function stampFile(path: string): Promise<FileStamp> {
  try {
    const entry = await stat(path);
    if (!entry.isFile()) throw notAFile();
    return { size: entry.size, modifiedMilliseconds: entry.mtimeMs };
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/**
 * Opens a regular file for reading and nothing else: whoever opened a pipe by its name would wait for its other end, and a
 * device has no end. Throws `file-missing`, `file-unreadable`, `video-not-a-video`.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    // Windows has no such flag, and no pipes among its files.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw notAFile();
  } catch (error) {
    throw describeFileError(error, path);
  }
}

function notAFile(): WorkstationError {
  return new WorkstationError(
    'video-not-a-video',
    'This is not a file.',
    'Choose a video file rather than a folder or a device.',
  );
}

/** Turns an error of the file system into one that a person can act on. */
export function describeFileError(error: unknown, path = ''): unknown {
  if (error instanceof WorkstationError || systemCode(error) === null) return error;
  const refusal = refusalOf(error);
  if (refusal === 'not-a-file') return notAFile();
  // Node puts this character where a name holds bytes that are not UTF-8 text, and the name itself is lost.
  if (refusal === 'missing' && path.includes('\ufffd')) {
    return new WorkstationError(
      'file-unreadable',
      'The name of this file, or of a folder on the way to it, holds characters that cannot be read.',
      'Rename it with plain letters and digits, then choose it again.',
      { cause: error },
    );
  }
  if (isMissing(error)) {
    return new WorkstationError(
      'file-missing',
      'The video file is not where it was.',
      'Put it back, connect the disk it is on, or choose the file again in its new place.',
      { cause: error },
    );
  }
  return new WorkstationError(
    'file-unreadable',
    `The video file cannot be read (${reasonInWords(error)}).`,
    'Check that you may read the file and that its disk or network folder is connected.',
    { cause: error },
  );
}

/** Up to `length` bytes; fewer where the file ends before. */
export async function readAt(file: ByteSource, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
