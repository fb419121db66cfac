import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { toErrorReport, type ErrorReport } from '../../preload/contract/errors.ts';
import { stopOrphans } from './answers.ts';
import { backupIsDue, listBackups, passesQuickCheck, writeBackup, type Backup } from './backup.ts';
import { moveAside } from './damage.ts';
import { Connection, type WritableDatabase } from './database.ts';
import { isDamage, sqliteCode, toStoreError } from './failure.ts';
import { frameIndexFiles, type FrameIndexFiles } from './frame-indexes.ts';
import { homeLayout, prepareHome, type HomeLayout } from './home.ts';
import { takeWindowLock, type WindowLock } from './lock.ts';
import type { Log } from './log.ts';
import { latestVersion, migrate, schemaVersion, storeNewer } from './migrate.ts';

const BUSY_MILLISECONDS = 5000;

export interface StoreOptions {
  /** The data folder; made when missing. */
  home: string;
  now: () => number;
  log: Log;
  /**
   * True for a window: there is one of it on a data folder, and it checks the whole file. Commands beside
   * a window leave it out; SQLite keeps their writes apart.
   */
  exclusive?: boolean;
}

export interface Store {
  readonly layout: HomeLayout;
  readonly database: WritableDatabase;
  readonly frameIndexes: FrameIndexFiles;
  /** What a person should know about how the database was found. */
  readonly notices: readonly ErrorReport[];
  /** When something was last committed in this process. */
  readonly savedAt: number | null;
  /** Calls the listener after every commit; returns how to stop that. */
  onSaved(listener: (at: number) => void): () => void;
  backups(): Backup[];
  close(): void;
}

/**
 * Opens the database of a data folder, making or mending it first. Throws `store-unwritable`, `store-full`,
 * `store-newer` (the file is left untouched) or `store-locked` (another window has it). A damaged file is
 * moved aside, never deleted, and said in `notices`.
 */
export function openStore(options: StoreOptions): Store {
  const { now, log, exclusive = false } = options;
  const layout = homeLayout(options.home);
  prepareHome(layout);
  const lock = exclusive ? takeWindowLock(layout, now) : null;
  try {
    return openLocked(layout, { now, log, exclusive, lock });
  } catch (error) {
    lock?.release();
    throw toStoreError(error, layout.database);
  }
}

interface OpenContext {
  now: () => number;
  log: Log;
  exclusive: boolean;
  lock: WindowLock | null;
}

function openLocked(layout: HomeLayout, context: OpenContext): Store {
  const { now, log, exclusive, lock } = context;
  const notices: ErrorReport[] = [];
  if (existsSync(layout.database) && isDamaged(layout, exclusive)) {
    const notice = withWindowLock(layout, context, () => moveAside(layout, now()));
    notices.push(notice);
    log.warn('a damaged database was moved aside');
  }

  const database = connect(layout);
  try {
    const before = schemaVersion(database);
    const outdated = before > 0 && before < latestVersion;
    if (outdated) writeBackup(database, layout, now());
    migrate(database, undefined, (step) => log.info('schema step applied', { version: step.version }));
    if (before === latestVersion && backupIsDue(layout, now())) {
      tryBackup(database, layout, now(), notices, log);
    }
  } catch (error) {
    database.close();
    throw error;
  }

  let savedAt: number | null = null;
  const listeners = new Set<(at: number) => void>();
  const connection = new Connection(database, {
    log,
    onCommit: () => {
      savedAt = now();
      for (const listener of listeners) listener(savedAt);
    },
  });
  try {
    const stopped = stopOrphans(connection, now());
    if (stopped > 0) log.warn('answers left running were stopped', { stopped });
  } catch (error) {
    connection.close();
    throw error;
  }

  return {
    layout,
    database: connection,
    frameIndexes: frameIndexFiles(layout),
    notices,
    get savedAt() {
      return savedAt;
    },
    onSaved: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    backups: () => listBackups(layout),
    close: () => {
      listeners.clear();
      connection.close();
      lock?.release();
    },
  };
}

/**
 * Looks at the file without changing it. A window reads all of it; a command only its head, and meets
 * damage further in as `store-corrupt`.
 */
function isDamaged(layout: HomeLayout, thorough: boolean): boolean {
  let database: Database.Database | null = null;
  try {
    database = new Database(layout.database, {
      readonly: true,
      fileMustExist: true,
      timeout: BUSY_MILLISECONDS,
    });
    const version = schemaVersion(database);
    if (version > latestVersion) throw storeNewer(layout.database, version);
    return thorough ? !passesQuickCheck(database) : false;
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  } finally {
    database?.close();
  }
}

/** A command moves a damaged file aside only while no window has it open. */
function withWindowLock<T>(layout: HomeLayout, context: OpenContext, work: () => T): T {
  if (context.lock !== null) return work();
  const lock = takeWindowLock(layout, context.now);
  try {
    return work();
  } finally {
    lock.release();
  }
}

/**
 * WAL lets commands read and write beside a window. Each commit is synced to the disk (FULL, not the
 * quicker NORMAL): what was said to be saved survives a power cut too, and writes here are few and small.
 */
function connect(layout: HomeLayout): Database.Database {
  const database = new Database(layout.database, { timeout: BUSY_MILLISECONDS });
  try {
    enterWal(database);
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite does not wait for its lock when it changes the journal mode, so two first starts at once must. */
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

/** A backup that can't be written is said, but does not keep anyone from their sessions. */
function tryBackup(
  database: Database.Database,
  layout: HomeLayout,
  at: number,
  notices: ErrorReport[],
  log: Log,
): void {
  try {
    writeBackup(database, layout, at);
  } catch (error) {
    const report = toErrorReport(toStoreError(error, layout.database));
    notices.push({
      code: report.code,
      message: `The daily backup of the database could not be written: ${report.message}`,
      hint: report.hint,
    });
    log.warn('backup failed', { code: report.code });
  }
}
