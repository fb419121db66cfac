import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { BackupList } from '../../preload/contract/backups.ts';
import type { RecordCheck } from '../../preload/contract/changes.ts';
import { toErrorReport, type ErrorReport } from '../../preload/contract/errors.ts';
import type { CaseId } from '../../preload/contract/values.ts';
import { stopOrphans } from './answer-ends.ts';
import { backupIsDue, fileStamp, listBackups, nextBackup, writeBackup, type Backup } from './backup.ts';
import { ChangeRecord, changesOfCase, eraseCase, type ChangeContext } from './changes/index.ts';
import { connect } from './connect.ts';
import { readContent } from './content.ts';
import { dropSuspicion, isSuspected, keepOrphanedLog, noteSuspicion, replaceDamaged } from './damage.ts';
import { Connection, type UnreadableRow, type WritableDatabase } from './database.ts';
import { toStoreError } from './failure.ts';
import { frameIndexFiles, type FrameIndexFiles } from './frame-indexes.ts';
import { homeLayout, prepareHome, type HomeLayout } from './home.ts';
import { hasOrphanedLog, inspect, type Depth, type Finding } from './inspect.ts';
import { takeWindowLock, type WindowLock } from './lock.ts';
import type { Log } from '../platform/log.ts';
import { latestVersion, migrate, schemaVersion } from './migrate.ts';
import { readerQueries, StoreReader } from './reader/index.ts';
import { backupToRestore, describeBackups, lossNotice, missedBackups, swapIn } from './restore.ts';
import { watchOtherProcesses } from './other-processes.ts';
import { readSetting, writeSetting } from './settings.ts';
import { Tasks } from './tasks.ts';
import { SearchFilling, type FillProgress } from './search/index.ts';
import { UnreadableRows } from './unreadable.ts';

export interface StoreOptions {
  /** The data folder, which is made if it is missing. */
  home: string;
  now: () => number;
  log: Log;
  /**
   * True for a window, of which there is one for a data folder and which checks the whole file. Commands may run beside a
   * window and leave it out; SQLite keeps their writes apart.
   */
  exclusive?: boolean;
}

export interface Store {
  readonly layout: HomeLayout;
  readonly database: WritableDatabase;
  /** Every change to what is recorded goes through it. */
  readonly record: ChangeRecord;
  /** Runs queries that may take long, in a thread of its own. */
  readonly reader: StoreReader;
  /** The questions that are to be answered, which survive restarts. */
  readonly tasks: Tasks;
  readonly frameIndexes: FrameIndexFiles;
  /** What a person should know about the state of the database, and about rows that can't be read. */
  readonly notices: readonly ErrorReport[];
  /** When a change was last committed in this process. */
  readonly savedAt: number | null;
  /** Whether backups hold something that the database lacks, and no person has declined to restore it. */
  readonly restoreOffered: boolean;
  /** Calls the listener after every committed change; returns how to stop that. */
  onSaved(listener: (at: number) => void): () => void;
  /** Calls the listener when the notices have changed; returns how to stop that. */
  onNotices(listener: () => void): () => void;
  /** Calls the listener soon after another process has written to the database; returns how to stop that. */
  onOtherProcess(listener: () => void): () => void;
  backups(): Backup[];
  /** Every backup with its content, and the content of the database to compare. */
  backupList(): Promise<BackupList>;
  /**
   * Replaces the database with a backup. The old one is kept in a file, whose path is returned. Throws `not-found`,
   * `store-corrupt` for a backup that can't be read, `busy` while a command or the reader uses the database (see
   * `StoreReader.pausedFor`), and `store-locked` beside a window.
   */
  restore(name: string): { movedTo: string };
  /** Notes that a person declined what the present backups hold beyond the database, so that it is not offered again. */
  keepPresent(): void;
  /**
   * Checks whether the record is as it was written, also by comparing it with the backups. `sinceLast` checks only what was
   * added after the last check, which takes milliseconds. `head` is one that an earlier check gave; it must still be there.
   */
  checkRecord(options: {
    sinceLast: boolean;
    head?: string | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<RecordCheck>;
  /** Ends the answers of commands that died. Returns how many were stopped. */
  endAbandoned(): number;
  /** How many changes of a case the record still holds with their edits, which can be erased. */
  countErasable(caseId: CaseId): number;
  /** Erases a case's edits from the record, but not its rows. Returns how many changes lost their edits. */
  eraseFromRecord(context: ChangeContext, erased: { caseId: CaseId; reason: string }): number;
  /** How far the search index is filled; null once it is complete. */
  readonly searchFilling: FillProgress | null;
  /** Closes the database. Anyone who uses `reader` must close that first and wait for it. */
  close(): void;
}

/**
 * Opens the database of a data folder, after making or repairing it if needed. A damaged file is moved aside and never
 * deleted; `notices` tell of that, and of a database that holds less than a backup. Throws `store-unwritable`, `store-full`,
 * `store-newer` and `store-unreadable` (which leave the file untouched), or `store-locked` if another window has it.
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

type PresentAndBackups = ReturnType<typeof describeBackups>;

interface OpenContext {
  now: () => number;
  log: Log;
  exclusive: boolean;
  lock: WindowLock | null;
}

function openLocked(layout: HomeLayout, context: OpenContext): Store {
  const { now, log, lock } = context;
  const notices: ErrorReport[] = [];
  const finding = prepareDatabase(layout, context, notices);
  const { database, outdated } = openDatabase(layout, context);

  let savedAt: number | null = null;
  const savedListeners = new Set<(at: number) => void>();
  const noticeListeners = new Set<() => void>();
  const tellNotices = () => {
    for (const listener of noticeListeners) listener();
  };
  const unreadable = new UnreadableRows(tellNotices);
  const met = {
    log,
    onDamage: () => noteSuspicion(layout),
    onUnreadable: (row: UnreadableRow) => {
      if (unreadable.add(row)) log.warn('a row can’t be read', { table: row.table, id: row.id });
    },
  };
  const connection = new Connection(database, met);
  const reader = new StoreReader({
    queries: readerQueries,
    context: { database: connection, layout },
    ...met,
  });
  const filling = new SearchFilling(connection, log);
  filling.start();
  const record = new ChangeRecord(connection, now);
  const tasks = new Tasks(connection, { id: randomUUID(), processId: process.pid });
  const endAbandoned = (start: boolean): number => {
    const stopped = stopOrphans({ database: connection, record, tasks }, { now: now(), start });
    if (stopped > 0) log.warn('answers left running were stopped', { stopped });
    return stopped;
  };
  record.onChange(({ at }) => {
    savedAt = at;
    for (const listener of savedListeners) listener(at);
  });
  const backupList = (): PresentAndBackups => describeBackups(layout, connection.inspect(readContent));
  let loss: ErrorReport | null = null;
  let broken: ErrorReport | null = null;
  try {
    if (!outdated && backupIsDue(layout, now())) tryBackup({ connection, record }, layout, context, notices);
    endAbandoned(true);
    loss = findLoss(connection, backupList, finding.state);
    if (loss !== null) log.warn('a backup holds more than the database');
  } catch (error) {
    filling.stop();
    connection.close();
    throw error;
  }

  const settle = (): void => {
    const more = backupList().backups.filter(({ holdsMore }) => holdsMore);
    writeSetting(
      connection,
      'backupsLeft',
      more.map(({ name }) => name),
    );
    loss = null;
    tellNotices();
  };

  return {
    layout,
    database: connection,
    record,
    reader,
    tasks,
    frameIndexes: frameIndexFiles(layout),
    get notices() {
      return [...notices, loss, broken, unreadable.notice()].filter((notice) => notice !== null);
    },
    get savedAt() {
      return savedAt;
    },
    get restoreOffered() {
      return loss !== null;
    },
    onSaved: (listener) => {
      savedListeners.add(listener);
      return () => savedListeners.delete(listener);
    },
    onNotices: (listener) => {
      noticeListeners.add(listener);
      return () => noticeListeners.delete(listener);
    },
    onOtherProcess: (listener) => watchOtherProcesses(() => connection.dataVersion, listener),
    backups: () => listBackups(layout),
    backupList: () => reader.query('backups.list', null),
    restore: (name) => {
      const backup = backupToRestore(layout, name);
      const replaced = headBefore(record);
      const { movedTo } = withWindowLock(layout, context, () =>
        connection.replace((present) => swapIn(layout, backup, present, now())),
      );
      log.info('a backup was restored', { sequence: backup.sequence });
      filling.start();
      unreadable.clear();
      if (replaced !== null) {
        const anchor = { id: `${name} ${fileStamp(now())}`, kind: 'replaced' as const, ...replaced };
        record.note({ name: 'record.restore', caseId: null }, [
          { entity: 'anchor', id: anchor.id, before: null, after: anchor },
        ]);
      }
      endAbandoned(true);
      settle();
      return { movedTo };
    },
    keepPresent: settle,
    checkRecord: async ({ sinceLast, head, signal }) => {
      const { check, mark } = await reader.query('record.check', { sinceLast, head }, signal);
      if (mark !== null && record.hashAt(mark.seq) === mark.hash) {
        writeSetting(connection, 'recordChecked', mark);
      }
      const found = brokenRecordNotice(check);
      // A check of the newest changes alone can't clear a break that was found before them.
      if (found?.message !== broken?.message && (found !== null || !sinceLast)) {
        broken = found;
        tellNotices();
      }
      return check;
    },
    endAbandoned: () => endAbandoned(false),
    countErasable: (caseId) => changesOfCase(connection, caseId).length,
    eraseFromRecord: (by, erased) => {
      const count = eraseCase({ database: connection, record }, by, erased);
      // The write-ahead log is emptied, because until then it still holds the erased pages.
      connection.inspect((open) => open.pragma('wal_checkpoint(TRUNCATE)'));
      return count;
    },
    get searchFilling() {
      return filling.progress;
    },
    close: () => {
      filling.stop();
      void reader.close();
      savedListeners.clear();
      noticeListeners.clear();
      connection.close();
      lock?.release();
    },
  };
}

/** Tells a person from which change on the record no longer proves what was done, and that no data was lost by it. */
function brokenRecordNotice({ ok, reason }: RecordCheck): ErrorReport | null {
  if (ok) return null;
  return {
    code: 'record-broken',
    message: `The record of what was done is not as it was written. ${reason ?? ''}`.trim(),
    hint: 'Cases and answers can be used. Somebody may have changed the database by hand: keep a copy of the data folder, and look with "audit verify".',
  };
}

/**
 * Checks the file before SQLite may change it, and replaces a damaged one. A window checks all of it, a command only its
 * head unless damage was met before. Returns how the database was found.
 */
function prepareDatabase(layout: HomeLayout, context: OpenContext, notices: ErrorReport[]): Finding {
  const suspected = isSuspected(layout);
  const depth: Depth = suspected ? 'suspect' : 'whole';
  const finding = inspect(layout, context.exclusive ? depth : 'head');
  const orphanedLog = hasOrphanedLog(layout);
  const usable = ['sound', 'missing', 'blank'].includes(finding.state) && !orphanedLog;
  if (usable && !suspected) return finding;
  try {
    withWindowLock(layout, context, () => {
      if (orphanedLog) notices.push(keepOrphanedLog(layout, context.now()));
      // Checked again under the lock, as another process may just have repaired it.
      const now = inspect(layout, depth);
      if (now.state === 'damaged') {
        notices.push(replaceDamaged(layout, now, context.now()));
        context.log.warn('a database that can’t be read was replaced', { state: now.state });
      }
      dropSuspicion(layout);
    });
  } catch (error) {
    // Beside a window, a command works with what can be read; the window repairs the rest at its next start.
    if (!usable || toErrorReport(error).code !== 'store-locked') throw error;
  }
  return finding;
}

/** The newest change of a database that is about to be replaced; null if it has none, or it can't be read. */
function headBefore(record: ChangeRecord): { seq: number; hash: string } | null {
  try {
    return record.head;
  } catch {
    return null;
  }
}

/** Connects, and brings the schema up to date after a backup. Also returns whether it was out of date. */
function openDatabase(
  layout: HomeLayout,
  { now, log }: OpenContext,
): { database: Database.Database; outdated: boolean } {
  const database = connect(layout.database);
  try {
    const before = schemaVersion(database);
    const outdated = before > 0 && before < latestVersion;
    if (outdated) writeBackup(database, layout, now());
    migrate(database, undefined, (step) => log.info('schema step applied', { version: step.version }));
    return { database, outdated: before < latestVersion };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Looks for content that only backups hold. Damage is passed over, so that the database opens and shows what it can. */
function findLoss(
  connection: Connection,
  backupList: () => PresentAndBackups,
  state: Finding['state'],
): ErrorReport | null {
  try {
    const list = backupList();
    return lossNotice(state, list, missedBackups(list, readSetting(connection, 'backupsLeft') ?? []));
  } catch (error) {
    if (toErrorReport(error).code === 'store-corrupt') return null;
    throw error;
  }
}

/** Does work that moves, repairs or replaces the file while it holds the window's lock, so that no window has it open. */
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
 * Writes a backup unless the database is empty. The head of the record is noted in the database first, so that the backup
 * holds it. A backup that fails is reported, but keeps nobody from their sessions.
 */
function tryBackup(
  { connection, record }: { connection: Connection; record: ChangeRecord },
  layout: HomeLayout,
  { now, log }: OpenContext,
  notices: ErrorReport[],
): void {
  try {
    if (connection.inspect(readContent).ids.size === 0) return;
    const { head } = record;
    const { name } = nextBackup(layout, now());
    if (head !== null) {
      record.note({ name: 'record.backup', caseId: null }, [
        { entity: 'anchor', id: name, before: null, after: { id: name, kind: 'backup', ...head } },
      ]);
    }
    connection.inspect((database) => writeBackup(database, layout, now()));
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
