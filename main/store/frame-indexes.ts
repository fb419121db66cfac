import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { refusalOf } from '../platform/file-errors.ts';
import { toStoreError } from './failure.ts';
import type { HomeLayout } from './home.ts';

/**
 * Stores frame indexes as files, by the fingerprint of their video. They stay out of the database and its backups, because
 * they can be built again from the video.
 */
export interface FrameIndexFiles {
  /** Null when there is none. */
  read(fingerprint: string): Promise<Uint8Array | null>;
  /** Replaces the file in one step. Throws `store-full` or `store-unwritable`. */
  write(fingerprint: string, encoded: Uint8Array): Promise<void>;
}

export function frameIndexFiles(layout: HomeLayout): FrameIndexFiles {
  const pathOf = (fingerprint: string): string =>
    join(layout.frameIndexes, `${createHash('sha256').update(fingerprint).digest('hex')}.index`);
  return {
    read: async (fingerprint) => {
      try {
        return await readFile(pathOf(fingerprint));
      } catch (error) {
        if (refusalOf(error) === 'missing') return null;
        throw toStoreError(error, layout.database);
      }
    },
    write: async (fingerprint, encoded) => {
      const path = pathOf(fingerprint);
      const unfinished = `${path}.${randomUUID()}`;
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(unfinished, encoded, { mode: 0o600 });
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw toStoreError(error, layout.database);
      }
    },
  };
}
