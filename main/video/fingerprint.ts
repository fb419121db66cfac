import { createHash } from 'node:crypto';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import { describeFileError, openRegularFile } from './regular-file.ts';

const sampleBytes = 1024 * 1024;
const samples = 8;

/** How many bytes of a file of `size` bytes its fingerprint covers. */
export const fingerprintCoverage = (size: number): number => Math.min(size, samples * sampleBytes);

/**
 * A name for a file's content that stays when the file is moved or renamed, and takes milliseconds for 50 GB: SHA-256 over
 * the text `surgery-r1 video fingerprint 1`, the size in bytes as decimal text, and 8 samples of 1 MiB spread evenly from
 * the first byte to the last (a file of up to 8 MiB is read whole). Two recordings that differ only between the samples
 * would share a name; every frame's own hash still tells them apart.
 *
 * @param length bytes of the file that count, of one that grows: it has the name that it had when it was that long
 * @returns 64 hexadecimal digits
 */
export async function fingerprintFile(
  path: string,
  signal?: AbortSignal,
  length = Infinity,
): Promise<string> {
  try {
    const file = await openRegularFile(path);
    try {
      const size = Math.min((await file.stat()).size, length);
      const hash = createHash('sha256').update(`surgery-r1 video fingerprint 1\n${size}\n`);
      const whole = size <= samples * sampleBytes;
      const buffer = Buffer.allocUnsafe(sampleBytes);
      for (let sample = 0; sample < samples; sample++) {
        throwIfAborted(signal);
        const start = whole
          ? sample * sampleBytes
          : Math.floor(((size - sampleBytes) * sample) / (samples - 1));
        let done = 0;
        while (done < Math.min(sampleBytes, size - start)) {
          const { bytesRead } = await file.read(
            buffer,
            done,
            Math.min(sampleBytes, size - start) - done,
            start + done,
          );
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
