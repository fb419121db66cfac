import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { refusalOf } from '../platform/file-errors.ts';

/** SQLite keeps these beside a database; they hold parts of it. */
export const companions = ['-wal', '-shm'] as const;
export const databaseFiles = ['', ...companions] as const;

/**
 * Takes a file's or folder's permissions from everybody but its owner. Windows has no such modes, and a file of another
 * account can't be changed: both are passed over, since reading and writing go on.
 */
export function keepPrivate(path: string): void {
  if (process.platform === 'win32') return;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700);
  } catch (error) {
    if (!['missing', 'denied', 'read-only'].includes(refusalOf(error) ?? '')) throw error;
  }
}

/** Makes a missing file readable by its owner alone, and an existing one too. SQLite gives its companions the same mode. */
export function preparePrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  keepPrivate(path);
}
