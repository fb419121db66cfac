import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { refusalOf } from '../platform/file-errors.ts';

/** Endings of the files that SQLite keeps beside a database, which hold parts of it. */
export const companions = ['-wal', '-shm'] as const;
export const databaseFiles = ['', ...companions] as const;

/**
 * Takes the permissions of a file or folder from everybody but its owner. Windows has no such modes, and a file of another
 * account can't be changed; neither is an error, because the workstation can still work.
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

/** Makes sure that a file exists and only its owner can read it. SQLite gives its companion files the same mode. */
export function preparePrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  keepPrivate(path);
}
