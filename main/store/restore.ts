import { renameSync, rmSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { BackupEntry, BackupList } from '../../preload/contract/backups.ts';
import { contentInWords } from '../../preload/contract/backups.ts';
import { WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import { listBackups, nextBackup, prepareBackups, type Backup } from './backup.ts';
import { connect, leaveWal } from './connect.ts';
import { contentOfFile, covers, type Content } from './content.ts';
import { dateInWords, moveAside, stage } from './damage.ts';
import type { HomeLayout } from './home.ts';
import type { Finding } from './inspect.ts';
import { migrate } from './migrate.ts';
import { databaseFiles } from './private-files.ts';

/** Describes what each backup holds, beside the present database. */
export function describeBackups(
  layout: HomeLayout,
  present: Content,
): Pick<BackupList, 'present' | 'backups'> {
  const backups = listBackups(layout).map(({ name, path, at }): BackupEntry => {
    const content = contentOfFile(path);
    return {
      name,
      writtenAt: at,
      content: content?.counts ?? null,
      holdsMore: content !== null && !covers(present, content),
    };
  });
  return { present: present.counts, backups };
}

/** The backups that hold something which the database lacks, without those that a person has declined. */
export const missedBackups = (
  { backups }: Pick<BackupList, 'backups'>,
  left: readonly string[],
): BackupEntry[] => backups.filter(({ name, holdsMore }) => holdsMore && !left.includes(name));

/** Tells a person that the database lacks what a backup holds; null if it lacks nothing. */
export function lossNotice(
  state: Finding['state'],
  list: Pick<BackupList, 'present'>,
  missed: readonly BackupEntry[],
): ErrorReport | null {
  const fullest = missed.reduce<BackupEntry | null>(
    (best, entry) => (best === null || size(entry) > size(best) ? entry : best),
    null,
  );
  if (fullest === null || fullest.content === null) return null;
  const what =
    state === 'missing'
      ? 'The database was not there, so the workstation started with an empty one.'
      : state === 'blank'
        ? 'The database was empty.'
        : `The database holds ${contentInWords(list.present)}.`;
  return {
    code: 'store-lost',
    message: `${what} The backup of ${dateInWords(fullest.writtenAt)} holds what is not in it: ${contentInWords(fullest.content)}.`,
    hint: 'Nothing was overwritten, and that backup is not removed. Look at the backups: restore one of them, or go on with what is here. On the command line: "backups list" and "backups restore".',
  };
}

const size = ({ content }: BackupEntry): number =>
  content === null ? 0 : content.cases + content.sessions + content.questions + content.answers;

/** Finds a backup by its name. Throws `not-found`, or `store-corrupt` if it can't be read. */
export function backupToRestore(layout: HomeLayout, name: string): Backup {
  const backup = listBackups(layout).find((candidate) => candidate.name === name);
  if (backup === undefined) {
    throw new WorkstationError(
      'not-found',
      `There is no backup ${name} in ${layout.backups}.`,
      'Choose one from the list of backups.',
    );
  }
  if (contentOfFile(backup.path) === null) {
    throw new WorkstationError(
      'store-corrupt',
      `The backup ${name} is damaged or of a newer version, so it can’t be restored.`,
      'Choose another backup. Nothing was changed.',
    );
  }
  return backup;
}

/**
 * Puts a backup in the database's place. The old database becomes a backup itself, so that this can be taken back, or is
 * moved aside if it can't be read. Returns the new connection and the path of the old file. If anything fails, the old
 * database is put back.
 */
export function swapIn(
  layout: HomeLayout,
  backup: Backup,
  database: Database.Database,
  now: number,
): { database: Database.Database; movedTo: string } {
  if (!leaveWal(database)) {
    throw new WorkstationError(
      'busy',
      'Another command is working with the database, so no backup can be restored now.',
      'Wait until it has ended, then restore again. Nothing was changed.',
    );
  }
  database.close();
  // Copied before the old file is moved, so that no other command finds its place empty and makes a new database.
  const staged = stage(layout, backup);
  let movedTo: string;
  if (contentOfFile(layout.database) === null) {
    movedTo = moveAside(layout, 'replaced', now);
  } else {
    prepareBackups(layout);
    movedTo = nextBackup(layout, now).path;
    renameSync(layout.database, movedTo);
  }
  try {
    renameSync(staged, layout.database);
    const restored = connect(layout.database);
    try {
      migrate(restored);
    } catch (error) {
      restored.close();
      throw error;
    }
    return { database: restored, movedTo };
  } catch (error) {
    for (const suffix of databaseFiles) rmSync(layout.database + suffix, { force: true });
    renameSync(movedTo, layout.database);
    throw error;
  }
}
