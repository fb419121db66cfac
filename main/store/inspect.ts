import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { passesCheck } from './check.ts';
import { isDamage, sqliteCode, storeUnreadable } from './failure.ts';
import type { HomeLayout } from './home.ts';
import { latestVersion, schemaVersion, storeNewer } from './migrate.ts';
import { lookAtSchema } from './schema.ts';

export const BUSY_MILLISECONDS = 5000;
/** The beginning of every SQLite database, except an encrypted one. */
const HEADER = 'SQLite format 3\0';
/** No workstation ever wrote a version number above this, so a larger one is damaged itself. */
const LAST_BELIEVABLE_VERSION = 10_000;
/** Checking takes 2 to 4 ms a megabyte, so in larger files indexes are compared only after damage was met. */
const FULL_CHECK_BYTES = 512 * 1024 * 1024;

/** How the database was found, before anything was changed. */
export type Finding =
  | { state: 'sound' }
  /** No file, or one into which nothing was ever written. */
  | { state: 'missing' | 'blank' }
  /** The file is SQLite's, but pages, tables or indexes are damaged. Its rows are those of that version's schema. */
  | { state: 'damaged'; version: number };

/** How closely to check a database: its head only, all of it as far as its size allows, or all of it whatever its size. */
export type Depth = 'head' | 'whole' | 'suspect';

/**
 * Checks the database of a data folder without changing it. Throws `store-newer` for one of a newer version,
 * `store-unreadable` for a file that shows no sign of being the workstation's, and the system's error for a file that can't
 * be read at all.
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

/** Words that stand in plain text near the beginning of the workstation's databases, but not in an encrypted or other file. */
const OWN_WORDS = 'CREATE TABLE cases';
const SEARCHED_BYTES = 1024 * 1024;

/** Recognizes a workstation's database whose head is damaged. Anything else is refused, as it may only lack its key. */
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

/** Whether a file begins as SQLite databases do, unlike other files and encrypted databases. */
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
 * Whether a write-ahead log is left whose database is gone. SQLite would delete it, with the changes in it, as soon as a new
 * database is made.
 */
export const hasOrphanedLog = (layout: HomeLayout): boolean =>
  existsSync(`${layout.database}-wal`) &&
  statSync(`${layout.database}-wal`).size > 0 &&
  (statSync(layout.database, { throwIfNoEntry: false })?.size ?? 0) === 0;
