import Database from 'better-sqlite3';
import { listBackups } from './backup.ts';
import type { WrittenHead } from './changes/index.ts';
import type { HomeLayout } from './home.ts';

/** The first schema that has a record. */
const FIRST_WITH_RECORD = 12;

/**
 * Reads the head of the record from every backup. Backups are files that a person may keep elsewhere, so they can prove that
 * the present record was not rewritten. One that can't be read, or is older than the record, is left out.
 */
export function backupHeads(layout: HomeLayout): WrittenHead[] {
  return listBackups(layout).flatMap(({ name, path }) => {
    const head = look(path, (database) =>
      database.prepare('SELECT seq, hash FROM changes ORDER BY seq DESC LIMIT 1').get(),
    ) as { seq: number; hash: string } | null;
    if (head === null) return [];
    const hashAt = (seq: number): string | null =>
      look(path, (database) =>
        database.prepare('SELECT hash FROM changes WHERE seq = ?').pluck().get(seq),
      ) as string | null;
    return [{ ...head, where: `the backup ${name}`, hashAt }];
  });
}

/** Parses a head of the record that a person kept, in the form in which an earlier check printed it. */
export function keptHead(text: string): WrittenHead {
  const [seq, hash = ''] = text.split(':');
  return { seq: Number(seq), hash, where: 'the head that was kept' };
}

function look(path: string, read: (database: Database.Database) => unknown): unknown {
  let database: Database.Database | null = null;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const version = Number(database.pragma('user_version', { simple: true }));
    return version < FIRST_WITH_RECORD ? null : (read(database) ?? null);
  } catch {
    // A damaged backup is reported where the backups are listed.
    return null;
  } finally {
    database?.close();
  }
}
