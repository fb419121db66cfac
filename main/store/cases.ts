import { z } from 'zod';
import { Case } from '../../preload/contract/domain.ts';
import type { CaseId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { flag, Flag, parseFound, parseRow, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({ id: z.string(), pseudonym: z.string(), demonstration: Flag, created_at: z.int() })
  .transform(({ created_at: createdAt, ...rest }) => ({ ...rest, createdAt }))
  .pipe(Case);

const damaged: Tolerance<Case> = { fields: { demonstration: 0, created_at: 0 } };

const columns = 'id, pseudonym, demonstration, created_at';

export const statements = {
  insert: statement(
    'cases.insert',
    `INSERT INTO cases (${columns}) VALUES (:id, :pseudonym, :demonstration, :createdAt)`,
  ),
  byId: statement('cases.byId', `SELECT ${columns} FROM cases WHERE id = :id`),
  list: statement('cases.list', `SELECT ${columns} FROM cases ORDER BY rowid DESC`),
  demonstration: statement(
    'cases.demonstration',
    `SELECT ${columns} FROM cases WHERE demonstration = 1 ORDER BY rowid`,
  ),
  count: statement('cases.count', 'SELECT count(*) AS count FROM cases WHERE demonstration = 0'),
  rename: statement('cases.rename', 'UPDATE cases SET pseudonym = :pseudonym WHERE id = :id'),
};

export function insertCase(database: WritableDatabase, added: Case): void {
  database.run(statements.insert, { ...added, demonstration: flag(added.demonstration) });
}

export function findCase(database: ReadableDatabase, id: CaseId): Case | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'cases', damaged);
}

/** Newest first. */
export function listCases(database: ReadableDatabase): Case[] {
  return parseRows(database, Row, database.all(statements.list), 'cases', damaged);
}

export function findDemonstrationCase(database: ReadableDatabase): Case | null {
  return parseRows(database, Row, database.all(statements.demonstration), 'cases', damaged)[0] ?? null;
}

/** How many cases there are beside the demonstration. */
export function countCases(database: ReadableDatabase): number {
  return parseRow(z.object({ count: z.int() }), database.get(statements.count), 'cases').count;
}

/** False when there is no such case. */
export function renameCase(database: WritableDatabase, id: CaseId, pseudonym: string): boolean {
  return database.run(statements.rename, { id, pseudonym }) > 0;
}
