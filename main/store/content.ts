import Database from 'better-sqlite3';
import type { DatabaseContent } from '../../preload/contract/backups.ts';
import { passesCheck } from './check.ts';
import { latestVersion, schemaVersion } from './migrate.ts';

/**
 * What a database holds: counts for people to read, and the ids of everything that a person made. No such row is ever
 * deleted, so a database that lacks an id of another one has lost it, or is older.
 */
export interface Content {
  counts: DatabaseContent;
  ids: ReadonlySet<string>;
}

export const emptyContent: Content = {
  counts: { cases: 0, sessions: 0, questions: 0, answers: 0, changedAt: null },
  ids: new Set(),
};

/** The demonstration case is left out until something was asked in it: every new database gets one of its own. */
const idsOf = {
  cases: 'SELECT id FROM cases WHERE demonstration = 0',
  sessions: `SELECT sessions.id FROM sessions JOIN cases ON cases.id = sessions.case_id WHERE cases.demonstration = 0`,
  questions: 'SELECT id FROM questions',
  answers: 'SELECT id FROM answers',
} as const;

const changesOf = {
  cases: 'SELECT max(created_at) FROM cases WHERE demonstration = 0',
  sessions: `SELECT max(updated_at) FROM sessions JOIN cases ON cases.id = sessions.case_id WHERE cases.demonstration = 0`,
  questions: 'SELECT max(created_at) FROM questions',
  answers: 'SELECT max(created_at) FROM answers',
} as const;

type Table = keyof typeof idsOf;
const tables = Object.keys(idsOf) as Table[];

/** Rows that are not counted for people, but would be missed as much. */
const furtherIdsOf = {
  verdicts: `SELECT answer_id || ':' || actor FROM verdicts`,
  bookmarks: 'SELECT id FROM bookmarks',
  segments: 'SELECT id FROM segments',
  tracks: 'SELECT id FROM tracks',
} as const;

/** Reads the content of a database of this or an earlier schema, whose missing tables count as empty. */
export function readContent(database: Database.Database): Content {
  const present = new Set(
    database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[],
  );
  const ids = new Set<string>();
  const counts = { ...emptyContent.counts };
  for (const table of tables.filter((name) => present.has(name))) {
    const found = database.prepare(idsOf[table]).pluck().all() as string[];
    for (const id of found) ids.add(`${table} ${id}`);
    counts[table] = found.length;
    const changedAt = database.prepare(changesOf[table]).pluck().get() as number | null;
    if (changedAt !== null && changedAt >= 0) counts.changedAt = Math.max(counts.changedAt ?? 0, changedAt);
  }
  for (const [table, select] of Object.entries(furtherIdsOf)) {
    if (!present.has(table)) continue;
    for (const id of database.prepare(select).pluck().all() as string[]) ids.add(`${table} ${id}`);
  }
  return { counts, ids };
}

/** The content of a database file; null if it is damaged, of a newer version or no such database, and so of no use. */
export function contentOfFile(path: string): Content | null {
  let database: Database.Database | null = null;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const version = schemaVersion(database);
    if (version <= 0 || version > latestVersion || !passesCheck(database)) return null;
    return readContent(database);
  } catch {
    // A file that can't be read is of no use as a backup, whatever the reason.
    return null;
  } finally {
    database?.close();
  }
}

/** Whether all that a person made in `part` is in `whole` too. */
export function covers(whole: Content, part: Content): boolean {
  for (const id of part.ids) if (!whole.ids.has(id)) return false;
  return true;
}
