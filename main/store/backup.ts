import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { contentOfFile, covers, type Content } from './content.ts';
import type { HomeLayout } from './home.ts';
import { keepPrivate, preparePrivateFile } from './private-files.ts';

/** How many of the newest backups are kept, whatever they hold. */
export const KEPT_BACKUPS = 5;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const NAME = /^workstation-(?:(\d{6,12})-)?(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

export interface Backup {
  name: string;
  path: string;
  /** Counts up from backup to backup, whatever the clock says; 0 for those from before they were counted. */
  sequence: number;
  /** Milliseconds since the Unix epoch by the clock of that time, from its name. */
  at: number;
}

/** 20261122T134500Z, in universal time so that names sort by age. */
export const fileStamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** Lists the backups, newest first: by their numbers, or by their dates if they are older than the numbering. */
export function listBackups(layout: HomeLayout): Backup[] {
  if (statSync(layout.backups, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const found: Backup[] = [];
  for (const name of readdirSync(layout.backups)) {
    const part = NAME.exec(name);
    if (part === null) continue;
    const [sequence, year, month, day, hour, minute, second] = part
      .slice(1)
      .map((text) => Number(text ?? 0)) as [number, number, number, number, number, number, number];
    const at = Date.UTC(year, month - 1, day, hour, minute, second);
    // 20269999T999999Z has the form of a stamp and names no moment.
    if (!(at >= 0)) continue;
    found.push({ name, path: join(layout.backups, name), sequence, at });
  }
  return found.sort((a, b) => b.sequence - a.sequence || b.at - a.at);
}

/** The size of all backups together, from which one can tell how long reading them takes. */
export const bytesOfBackups = (layout: HomeLayout): number =>
  listBackups(layout).reduce(
    (sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

/** Whether a day has passed since the newest backup. One from the future also counts, or a wrong clock would end backups. */
export function backupIsDue(layout: HomeLayout, now: number): boolean {
  const newest = listBackups(layout)[0];
  return newest === undefined || now - newest.at >= DAY_MILLISECONDS || newest.at > now;
}

/** Name and path of the next backup. */
export function nextBackup(layout: HomeLayout, now: number): Backup {
  const sequence = (listBackups(layout)[0]?.sequence ?? 0) + 1;
  const name = `workstation-${String(sequence).padStart(6, '0')}-${fileStamp(now)}.db`;
  return { name, path: join(layout.backups, name), sequence, at: now };
}

export function prepareBackups(layout: HomeLayout): void {
  mkdirSync(layout.backups, { recursive: true, mode: 0o700 });
  keepPrivate(layout.backups);
}

/**
 * Writes a compact, consistent copy beside the other backups, and removes those that are no longer needed. The copy gets
 * its name only when it is complete, so that a broken one never counts as a backup.
 */
export function writeBackup(database: Database.Database, layout: HomeLayout, now: number): Backup {
  prepareBackups(layout);
  const backup = nextBackup(layout, now);
  const unfinished = `${backup.path}.${process.pid}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    // Made beforehand, because a file that SQLite makes itself could be read by others.
    preparePrivateFile(unfinished);
    database.prepare('VACUUM INTO ?').run(unfinished);
    renameSync(unfinished, backup.path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  pruneBackups(layout);
  return backup;
}

/**
 * Removes backups beyond the newest few, but never one that holds something which no kept one holds: after a database was
 * lost, it may be the only copy. A backup that can't be read is left alone, and does not count as one of the newest.
 */
function pruneBackups(layout: HomeLayout): void {
  const backups = listBackups(layout);
  if (backups.length <= KEPT_BACKUPS) return;
  const kept: Content[] = [];
  for (const backup of backups) {
    const content = contentOfFile(backup.path);
    if (content === null) continue;
    const needed = kept.length < KEPT_BACKUPS || !kept.some((other) => covers(other, content));
    if (needed) kept.push(content);
    else rmSync(backup.path, { force: true });
  }
}

/**
 * The best backup to continue from, which is the newest sound one. Among those that are older than the numbering, the one
 * that holds most counts as the newest, because their dates come from clocks that may have been wrong.
 */
export function bestBackup(layout: HomeLayout): { backup: Backup; content: Content } | null {
  let best: { backup: Backup; content: Content } | null = null;
  for (const backup of listBackups(layout)) {
    if (best !== null && best.backup.sequence > backup.sequence) break;
    const content = contentOfFile(backup.path);
    if (content !== null && (best === null || content.ids.size > best.content.ids.size)) {
      best = { backup, content };
    }
  }
  return best;
}
