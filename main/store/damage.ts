import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentInWords } from '../../preload/contract/backups.ts';
import type { ErrorReport } from '../../preload/contract/errors.ts';
import { bestBackup, fileStamp, type Backup } from './backup.ts';
import { contentOfFile } from './content.ts';
import type { HomeLayout } from './home.ts';
import type { Finding } from './inspect.ts';
import { companions, databaseFiles, keepPrivate } from './private-files.ts';
import { rebuild, type Rebuilt } from './rebuild.ts';

/** 2026-11-22 13:45 UTC */
export const dateInWords = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/**
 * Moves a damaged database and SQLite's files beside it out of the way, and builds a new one from the rows that can still be
 * read and the newest sound backup. Nothing is deleted. Returns what to tell the person.
 */
export function replaceDamaged(
  layout: HomeLayout,
  finding: Extract<Finding, { state: 'damaged' }>,
  now: number,
): ErrorReport {
  const best = bestBackup(layout);
  const aside = moveAside(layout, 'corrupt', now);
  const rebuilt = rebuildInPlace(layout, aside, finding.version, best);
  if (rebuilt === null && best !== null) renameSync(stage(layout, best.backup), layout.database);
  if (rebuilt !== null && rebuilt.whole && rebuilt.orphans === 0) {
    return {
      code: 'store-corrupt',
      message:
        'The database was damaged outside of its rows and has been made anew from them. Nothing is missing.',
      hint: `As it was before, it is kept as ${aside}. Delete that file once you have seen that all is there.`,
    };
  }
  const moved = `The database was damaged and has been moved to ${aside}.`;
  if (rebuilt !== null) {
    const holds = contentOfFile(layout.database);
    const now = holds === null ? '' : ` It now holds ${contentInWords(holds.counts)}.`;
    const filled =
      rebuilt.added > 0 && best !== null
        ? `, and what was missing was taken from the backup of ${dateInWords(best.backup.at)}`
        : '';
    return {
      code: 'store-corrupt',
      message: `${moved} The workstation went on with all of it that could still be read${filled}.${now}`,
      hint: `Some of what was done last may be missing; nothing was deleted. Backups lie in ${layout.backups}.`,
    };
  }
  return {
    code: 'store-corrupt',
    message:
      best === null
        ? `${moved} There was no backup to go on from, so the workstation started with an empty one.`
        : `${moved} The workstation went on from the backup of ${dateInWords(best.backup.at)}, which holds ${contentInWords(best.content.counts)}.`,
    hint:
      best === null
        ? 'Nothing was deleted: keep the moved file if its sessions matter, SQLite’s own ".recover" command can often read it.'
        : `What was done since that backup is in the moved file only; nothing was deleted. Backups lie in ${layout.backups}.`,
  };
}

/** Rebuilds the database; null if nothing could be read from the damaged file, as then the backup alone serves better. */
function rebuildInPlace(
  layout: HomeLayout,
  damaged: string,
  version: number,
  best: ReturnType<typeof bestBackup>,
): Rebuilt | null {
  const target = `${layout.database}.unfinished`;
  const rebuilt = rebuild({ damaged, backup: best?.backup.path ?? null, target, version });
  if (rebuilt.read === 0) {
    rmSync(target, { force: true });
    return null;
  }
  renameSync(target, layout.database);
  return rebuilt;
}

/** Moves the database's files to a free name beside it, which it returns. */
export function moveAside(layout: HomeLayout, why: 'corrupt' | 'replaced', now: number): string {
  const aside = freeName(layout, why, now);
  for (const suffix of databaseFiles) {
    if (existsSync(layout.database + suffix)) {
      renameSync(layout.database + suffix, aside + suffix);
      keepPrivate(aside + suffix);
    }
  }
  return aside;
}

/** Copies a backup beside the database, so that renaming the copy replaces the database in one step. */
export function stage(layout: HomeLayout, backup: Pick<Backup, 'path'>): string {
  const staged = `${layout.database}.unfinished`;
  rmSync(staged, { force: true });
  copyFileSync(backup.path, staged);
  keepPrivate(staged);
  return staged;
}

/** Moves a write-ahead log without its database aside, because SQLite would delete it on making the next database. */
export function keepOrphanedLog(layout: HomeLayout, now: number): ErrorReport {
  const aside = freeName(layout, 'corrupt', now);
  for (const suffix of companions) {
    if (existsSync(layout.database + suffix)) renameSync(layout.database + suffix, aside + suffix);
  }
  return {
    code: 'store-corrupt',
    message: `The database is gone, but the last changes to it are still there; they have been moved to ${aside}-wal.`,
    hint: 'Put the database back from a copy of the same day, if there is one, with that file beside it under the same name and "-wal": SQLite then adds the changes.',
  };
}

/** Notes that damage was met while reading, so that the next start checks the whole file, whatever its size. */
export function noteSuspicion(layout: HomeLayout): void {
  try {
    writeFileSync(layout.suspicion, 'Reading met damage. The next start checks the whole database.\n', {
      mode: 0o600,
    });
  } catch {
    // A disk that refuses this has worse problems, which are reported where they are met.
  }
}

export const isSuspected = (layout: HomeLayout): boolean => existsSync(layout.suspicion);
export const dropSuspicion = (layout: HomeLayout): void => rmSync(layout.suspicion, { force: true });

function freeName(layout: HomeLayout, why: string, now: number): string {
  for (let count = 0; ; count++) {
    const extra = count === 0 ? '' : `-${count}`;
    const path = join(layout.home, `workstation.${why}-${fileStamp(now)}${extra}.db`);
    if (!databaseFiles.some((suffix) => existsSync(path + suffix))) return path;
  }
}
