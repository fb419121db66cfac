import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { HomeLayout } from './home.ts';
import { latestVersion, schemaVersion } from './migrate.ts';

export const KEPT_BACKUPS = 5;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const NAME = /^workstation-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

export interface Backup {
  path: string;
  /** Milliseconds since the Unix epoch, from its name. */
  at: number;
}

/** 20261122T134500Z, in universal time so that names sort by age. */
export const fileStamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** Newest first. */
export function listBackups(layout: HomeLayout): Backup[] {
  if (statSync(layout.backups, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const found: Backup[] = [];
  for (const name of readdirSync(layout.backups)) {
    const part = NAME.exec(name);
    if (part === null) continue;
    const [year, month, day, hour, minute, second] = part.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    found.push({
      path: join(layout.backups, name),
      at: Date.UTC(year, month - 1, day, hour, minute, second),
    });
  }
  return found.sort((a, b) => b.at - a.at);
}

export function backupIsDue(layout: HomeLayout, now: number): boolean {
  const newest = listBackups(layout)[0];
  return newest === undefined || now - newest.at >= DAY_MILLISECONDS;
}

/**
 * Writes a compact, consistent copy beside the others and drops all but the newest ones. The copy gets its
 * name only when it is whole.
 */
export function writeBackup(database: Database.Database, layout: HomeLayout, now: number): Backup {
  mkdirSync(layout.backups, { recursive: true, mode: 0o700 });
  const path = join(layout.backups, `workstation-${fileStamp(now)}.db`);
  const unfinished = `${path}.${process.pid}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    database.prepare('VACUUM INTO ?').run(unfinished);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  for (const old of listBackups(layout).slice(KEPT_BACKUPS)) rmSync(old.path, { force: true });
  return { path, at: now };
}

/** Whether a file is a sound database of a schema that this version can read. */
export function isSound(path: string): boolean {
  let database: Database.Database | null = null;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const version = schemaVersion(database);
    return version > 0 && version <= latestVersion && passesQuickCheck(database);
  } catch {
    // Whatever stops it from being read makes it useless as a backup.
    return false;
  } finally {
    database?.close();
  }
}

export function passesQuickCheck(database: Database.Database): boolean {
  return database.pragma('quick_check(1)', { simple: true }) === 'ok';
}
