import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { sqliteCode } from './failure.ts';
import { BUSY_MILLISECONDS } from './inspect.ts';
import { companions, keepPrivate, preparePrivateFile } from './private-files.ts';

/**
 * Opens a database for reading and writing, and makes it if there is none.
 *
 * WAL lets commands read and write beside a window. Each commit is synced to the disk (FULL, not the
 * quicker NORMAL): what was said to be saved survives a power cut too, and writes here are few and small.
 */
export function connect(path: string): Database.Database {
  preparePrivateFile(path);
  for (const suffix of companions) if (existsSync(path + suffix)) keepPrivate(path + suffix);
  const database = new Database(path, { timeout: BUSY_MILLISECONDS });
  try {
    enterWal(database);
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    // Erased data is overwritten on the disk, and REPLACE can't bypass the triggers that refuse a change.
    database.pragma('secure_delete = ON');
    database.pragma('recursive_triggers = ON');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Enters WAL, and tries again while the file is locked: here SQLite does not wait, although two may start at once. */
function enterWal(database: Database.Database): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; ; attempt++) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_BUSY' || attempt >= 100) throw error;
      Atomics.wait(pause, 0, 0, 20);
    }
  }
}

/**
 * Moves everything into the one file and leaves WAL, which SQLite allows only to the last connection. Returns false if
 * another process has the database open: replacing the file would then lose what that one writes from now on.
 */
export function leaveWal(database: Database.Database): boolean {
  try {
    return database.pragma('journal_mode = DELETE', { simple: true }) === 'delete';
  } catch (error) {
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') || sqliteCode(error) === 'SQLITE_LOCKED') return false;
    throw error;
  }
}
