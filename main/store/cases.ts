import { z } from 'zod';
import { Case } from '../../preload/contract/domain.ts';
import type { ActorId } from '../../preload/contract/context.ts';
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
  put: statement(
    'cases.put',
    `INSERT INTO cases (${columns}) VALUES (:id, :pseudonym, :demonstration, :createdAt)
     ON CONFLICT (id) DO UPDATE SET pseudonym = excluded.pseudonym, demonstration = excluded.demonstration,
       created_at = excluded.created_at, deleted_at = NULL, deleted_by = NULL`,
  ),
  byId: statement('cases.byId', `SELECT ${columns} FROM cases WHERE id = :id`),
  present: statement('cases.present', `SELECT ${columns} FROM cases WHERE id = :id AND deleted_at IS NULL`),
  remove: statement('cases.remove', 'UPDATE cases SET deleted_at = :at, deleted_by = :actor WHERE id = :id'),
  list: statement('cases.list', `SELECT ${columns} FROM cases WHERE deleted_at IS NULL ORDER BY rowid DESC`),
  demonstration: statement(
    'cases.demonstration',
    `SELECT ${columns} FROM cases WHERE demonstration = 1 ORDER BY rowid`,
  ),
  count: statement('cases.count', 'SELECT count(*) AS count FROM cases WHERE demonstration = 0'),
};

/** Adds a case, replaces it, or takes it out of the bin. Called by the record alone, which must know of every change. */
export function putCase(database: WritableDatabase, { id, pseudonym, createdAt, demonstration }: Case): void {
  database.run(statements.put, { id, pseudonym, createdAt, demonstration: flag(demonstration) });
}

/** Moves a case to the bin: all its rows stay, so that it can come back. Called by the record alone. */
export function removeCase(
  database: WritableDatabase,
  id: CaseId,
  { at, actor }: { at: number; actor: ActorId },
): void {
  database.run(statements.remove, { id, at, actor });
}

/** Finds a case, even one in the bin. */
export function findCase(database: ReadableDatabase, id: CaseId): Case | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'cases', damaged);
}

/** Finds a case that is not in the bin. */
export function findPresentCase(database: ReadableDatabase, id: CaseId): Case | null {
  const row = database.get(statements.present, { id });
  return parseFound(database, Row, row, 'cases', damaged);
}

/** Lists the cases that are not in the bin, newest first. */
export function listCases(database: ReadableDatabase): Case[] {
  return parseRows(database, Row, database.all(statements.list), 'cases', damaged);
}

export function findDemonstrationCase(database: ReadableDatabase): Case | null {
  return parseRows(database, Row, database.all(statements.demonstration), 'cases', damaged)[0] ?? null;
}

/** How many cases there are besides the demonstration. Those in the bin count too, so that no number is given twice. */
export function countCases(database: ReadableDatabase): number {
  return parseRow(z.object({ count: z.int() }), database.get(statements.count), 'cases').count;
}
