import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { isDiskFull, reasonInWords, refusalOf, systemCode } from '../platform/file-errors.ts';

/** If less space than this is free, a failed write is explained by a full disk. */
const FULL_DISK_BYTES = 256 * 1024;

export const sqliteCode = (error: unknown): string | null =>
  error instanceof Database.SqliteError ? error.code : null;

/**
 * Whether SQLite reports that the file itself is damaged, and not missing, locked or out of reach. SQLITE_NOTADB does not
 * count, because an encrypted database that is sound gives the same without its key.
 */
export const isDamage = (error: unknown): boolean => sqliteCode(error)?.startsWith('SQLITE_CORRUPT') === true;

function diskIsFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < FULL_DISK_BYTES;
  } catch {
    // If the file system can't be asked, only SQLite's own code counts.
    return false;
  }
}

export const storeFull = (folder: string, cause?: unknown): WorkstationError =>
  new WorkstationError(
    'store-full',
    `The disk that holds ${folder} is full, so the last change was not saved.`,
    'Free some space on that disk; the workstation goes on saving as soon as there is room.',
    { cause },
  );

export const storeUnwritable = (folder: string, cause?: unknown): WorkstationError =>
  new WorkstationError(
    'store-unwritable',
    `The workstation may not write to its data folder ${folder}${reasonOf(cause)}.`,
    'Give your account write permission for it, or start with --home and a folder of your own.',
    { cause },
  );

const storeFailing = (folder: string, code: string, cause: unknown): WorkstationError =>
  new WorkstationError(
    'store-unwritable',
    `The disk that holds ${folder} failed to read or write (${code}).`,
    'Check that the disk is connected and whole, then start the workstation again. What was said to be saved is in the database.',
    { cause },
  );

/**
 * The error for a file that does not look like a database. It may be a sound one that is encrypted, whose key is missing, so
 * it is never treated as damaged, and stays where it is.
 */
export const storeUnreadable = (databasePath: string, cause?: unknown): WorkstationError =>
  new WorkstationError(
    'store-unreadable',
    `The file ${databasePath} is no database that this version can read: it may be encrypted, or another file may have been saved in its place. It was left as it is.`,
    'If it is encrypted, open it with the version and the key that it was made with. If it is another file, move it away and start again: the workstation then offers its backups.',
    { cause },
  );

function reasonOf(cause: unknown): string {
  if (sqliteCode(cause) === 'SQLITE_READONLY') return ' (it is read-only)';
  const refusal = refusalOf(cause);
  if (refusal === null) return '';
  // Missing folders are made, so "missing" can only mean that this failed.
  return refusal === 'missing' ? ' (it cannot be made there)' : ` (${reasonInWords(cause)})`;
}

/** Turns an error of SQLite or the file system into one that a person understands. Workstation errors pass through. */
export function toStoreError(error: unknown, databasePath: string): unknown {
  if (error instanceof WorkstationError) return error;
  const folder = dirname(databasePath);
  const code = sqliteCode(error) ?? systemCode(error);
  if (code === null) return error;
  if (code === 'SQLITE_FULL' || isDiskFull(error)) return storeFull(folder, error);
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new WorkstationError(
      'store-corrupt',
      `The database ${databasePath} is damaged.`,
      'Close the workstation and start it again: it then keeps the damaged file under another name, and goes on with all of it that can still be read and with the newest backup.',
      { cause: error },
    );
  }
  if (code === 'SQLITE_NOTADB') return storeUnreadable(databasePath, error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new WorkstationError(
      'busy',
      'Another program is using the workstation’s database and did not let go of it in time.',
      'Try again in a moment, and close other windows or commands that work on the same data folder.',
      { cause: error },
    );
  }
  const refusal = refusalOf(error);
  if (code.startsWith('SQLITE_IOERR') || refusal === 'disk-failed' || refusal === 'disk-away') {
    return diskIsFull(folder) ? storeFull(folder, error) : storeFailing(folder, code, error);
  }
  if (
    code.startsWith('SQLITE_READONLY') ||
    code.startsWith('SQLITE_CANTOPEN') ||
    code === 'SQLITE_PERM' ||
    refusal !== null
  ) {
    return diskIsFull(folder) ? storeFull(folder, error) : storeUnwritable(folder, error);
  }
  return error;
}
