import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { contentOfFile, covers, type Content } from './content.ts';
import type { HomeLayout } from './home.ts';
import { keepPrivate, preparePrivateFile } from './private-files.ts';

/** How many of the newest are kept whatever they hold. */
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

/** Newest first: by their numbers, and by their stamps where they have none. */
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

/** How much there is to read of them. */
export const bytesOfBackups = (layout: HomeLayout): number =>
  listBackups(layout).reduce(
    (sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

/** A newest backup from the future was stamped by a wrong clock, or this clock is wrong: neither may end the backups. */
export function backupIsDue(layout: HomeLayout, now: number): boolean {
  const newest = listBackups(layout)[0];
  return newest === undefined || now - newest.at >= DAY_MILLISECONDS || newest.at > now;
}

/** The name after that of the newest backup. */
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
 * Writes a compact, consistent copy beside the others and drops what is no longer needed of those. The copy gets its name
 * only when it is whole.
 */
export function writeBackup(database: Database.Database, layout: HomeLayout, now: number): Backup {
  prepareBackups(layout);
  const backup = nextBackup(layout, now);
  const unfinished = `${backup.path}.${process.pid}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    // SQLite writes into an empty file that is there, and would make one that others can read.
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
 * Removes backups beyond the newest few, but never one that holds something that none of the kept ones holds: after a
 * database was lost, that is where it still is. One that can't be read is left alone, and takes no other one's place.
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
 * The sound backup to go on from: the newest. Of those from before they were numbered, the one that holds most is the
 * newest, whatever the clock said.
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
