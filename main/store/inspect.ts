import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { passesCheck } from './check.ts';
import { isDamage, sqliteCode, storeUnreadable } from './failure.ts';
import type { HomeLayout } from './home.ts';
import { latestVersion, schemaVersion, storeNewer } from './migrate.ts';
import { lookAtSchema } from './schema.ts';

export const BUSY_MILLISECONDS = 5000;
/** How every SQLite database begins. One that is encrypted does not. */
const HEADER = 'SQLite format 3\0';
/** A version number over this was written by no workstation: the number itself is damaged. */
const LAST_BELIEVABLE_VERSION = 10_000;
/** Reading takes 2 to 4 ms a megabyte; beyond this size indexes are compared only after a failure. */
const FULL_CHECK_BYTES = 512 * 1024 * 1024;

/** How the database was found, before anything was changed. */
export type Finding =
  | { state: 'sound' }
  /** No file, or one into which nothing was ever written. */
  | { state: 'missing' | 'blank' }
  /** The file is SQLite's, but pages, tables or indexes are damaged; what there is of it is of that version's schema. */
  | { state: 'damaged'; version: number };

/** How closely a database is looked at: its head alone, all of it, or all of it whatever its size. */
export type Depth = 'head' | 'whole' | 'suspect';

/**
 * Looks at the database of a data folder without changing it. Throws `store-newer` for one of a newer version,
 * `store-unreadable` for a file that shows nothing of a database of ours, and what the system says of a file that can't be
 * read at all.
 */
export function inspect(layout: HomeLayout, depth: Depth): Finding {
  const size = statSync(layout.database, { throwIfNoEntry: false })?.size;
  if (size === undefined) return { state: 'missing' };
  if (size === 0) return { state: 'blank' };
  if (!hasHeader(layout.database)) return withoutHead(layout.database);
  let database: Database.Database | null = null;
  try {
    database = new Database(layout.database, {
      readonly: true,
      fileMustExist: true,
      timeout: BUSY_MILLISECONDS,
    });
    const numbered = schemaVersion(database);
    if (numbered > latestVersion && numbered <= LAST_BELIEVABLE_VERSION) {
      throw storeNewer(layout.database, numbered);
    }
    const { blank, reached, holds } = lookAtSchema(database);
    if (blank && numbered === 0) return { state: 'blank' };
    const believable = numbered > 0 && numbered <= latestVersion;
    if (!believable) return { state: 'damaged', version: reached > 0 ? reached : latestVersion };
    const version = Math.max(reached, numbered);
    if (reached > numbered || !holds(numbered)) return { state: 'damaged', version };
    if (depth === 'head') return { state: 'sound' };
    const full = depth === 'suspect' || size <= FULL_CHECK_BYTES;
    const sound = passesCheck(database, full ? 'full' : 'quick');
    return sound ? { state: 'sound' } : { state: 'damaged', version };
  } catch (error) {
    if (isDamage(error)) return { state: 'damaged', version: latestVersion };
    if (sqliteCode(error) === 'SQLITE_NOTADB') return withoutHead(layout.database, error);
    throw error;
  } finally {
    database?.close();
  }
}

/** The beginning of a database of ours holds its tables in plain words, which an encrypted one and another file do not. */
const OWN_WORDS = 'CREATE TABLE cases';
const SEARCHED_BYTES = 1024 * 1024;

/** A database of ours whose head is damaged; anything else is refused, since a database that is whole may need a key. */
function withoutHead(path: string, cause?: unknown): Finding {
  const start = Buffer.alloc(SEARCHED_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (!start.includes(OWN_WORDS)) throw storeUnreadable(path, cause);
  return { state: 'damaged', version: latestVersion };
}

/** Whether a file begins as SQLite's databases do, which a text, a picture and an encrypted database do not. */
function hasHeader(path: string): boolean {
  const start = Buffer.alloc(HEADER.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  return start.toString('latin1') === HEADER;
}

/**
 * Whether a log of changes is left of a database that is gone. SQLite would delete it together with the changes in it
 * as soon as a new database is made.
 */
export const hasOrphanedLog = (layout: HomeLayout): boolean =>
  existsSync(`${layout.database}-wal`) &&
  statSync(`${layout.database}-wal`).size > 0 &&
  (statSync(layout.database, { throwIfNoEntry: false })?.size ?? 0) === 0;
