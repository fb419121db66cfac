import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorReport } from '../../preload/contract/errors.ts';
import { fileStamp, isSound, listBackups } from './backup.ts';
import type { HomeLayout } from './home.ts';

/**
 * Moves a damaged database, with what SQLite keeps beside it, out of the way, and puts the newest sound
 * backup in its place where there is one. Nothing is deleted. Returns what to tell the person.
 */
export function moveAside(layout: HomeLayout, now: number): ErrorReport {
  const aside = freeName(layout, now);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(layout.database + suffix)) renameSync(layout.database + suffix, aside + suffix);
  }
  const backup = listBackups(layout).find((candidate) => isSound(candidate.path));
  if (backup === undefined) {
    return {
      code: 'store-corrupt',
      message: `The database was damaged and has been moved to ${aside}. There was no backup to go on from, so the workstation started with an empty one.`,
      hint: 'Nothing was deleted: keep the moved file if its sessions matter, SQLite’s own ".recover" command can often read it.',
    };
  }
  const unfinished = `${layout.database}.unfinished`;
  rmSync(unfinished, { force: true });
  copyFileSync(backup.path, unfinished);
  renameSync(unfinished, layout.database);
  return {
    code: 'store-corrupt',
    message: `The database was damaged and has been moved to ${aside}. The workstation went on from the backup of ${new Date(backup.at).toISOString()}.`,
    hint: `What was done since that backup is in the moved file only; nothing was deleted. Backups lie in ${layout.backups}.`,
  };
}

function freeName(layout: HomeLayout, now: number): string {
  for (let count = 0; ; count++) {
    const extra = count === 0 ? '' : `-${count}`;
    const path = join(layout.home, `workstation.corrupt-${fileStamp(now)}${extra}.db`);
    if (!existsSync(path)) return path;
  }
}
