import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';

const sampleBytes = 1024 * 1024;
const samples = 8;

/** What tells cheaply that a file may have changed. */
export interface FileStamp {
  readonly size: number;
  readonly modifiedMilliseconds: number;
}

/** Size and time of a file that can be opened. Throws `file-missing`, `file-unreadable`, `video-not-a-video`. */
export async function stampFile(path: string): Promise<FileStamp> {
  try {
    const entry = await stat(path);
    if (!entry.isFile()) {
      throw new WorkstationError(
        'video-not-a-video',
        'This is not a file.',
        'Choose a video file rather than a folder or a device.',
      );
    }
    return { size: entry.size, modifiedMilliseconds: entry.mtimeMs };
  } catch (error) {
    throw describeFileError(error);
  }
}

/** Turns an error of the file system into one that a person can act on. */
export function describeFileError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof WorkstationError || code === undefined) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new WorkstationError(
      'file-missing',
      'The video file is not where it was.',
      'Put it back, connect the disk it is on, or choose the file again in its new place.',
      { cause: error },
    );
  }
  return new WorkstationError(
    'file-unreadable',
    `The video file cannot be read (${code}).`,
    'Check that you may read the file and that its disk or network folder is connected.',
    { cause: error },
  );
}

/**
 * A name for a file's content that stays when the file is moved or renamed, and takes milliseconds for 50 GB: SHA-256 over
 * the text `surgery-r1 video fingerprint 1`, the size in bytes as decimal text, and 8 samples of 1 MiB spread evenly from
 * the first byte to the last (a file of up to 8 MiB is read whole). Two recordings that differ only between the samples
 * would share a name; every frame's own hash still tells them apart.
 *
 * @returns 64 hexadecimal digits
 */
export async function fingerprintFile(path: string, signal?: AbortSignal): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const hash = createHash('sha256').update(`surgery-r1 video fingerprint 1\n${size}\n`);
      const whole = size <= samples * sampleBytes;
      const buffer = Buffer.allocUnsafe(sampleBytes);
      for (let sample = 0; sample < samples; sample++) {
        throwIfAborted(signal);
        const start = whole
          ? sample * sampleBytes
          : Math.floor(((size - sampleBytes) * sample) / (samples - 1));
        let done = 0;
        while (done < sampleBytes) {
          const { bytesRead } = await file.read(buffer, done, sampleBytes - done, start + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        hash.update(buffer.subarray(0, done));
      }
      return hash.digest('hex');
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeFileError(error);
  }
}
