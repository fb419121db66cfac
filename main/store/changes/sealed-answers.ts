import { z } from 'zod';
import { Seal } from '../../../preload/contract/changes.ts';
import type { AnswerId } from '../../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';
import { columnsOfSeal, sealOf } from './seals.ts';

const Row = z
  .object({ id: z.string(), status: z.string(), seal: z.string() })
  .transform(({ id, status, seal }) => ({ answerId: id, status, sha256: seal }))
  .pipe(Seal);

export const statements = {
  byAnswer: statement(
    'seals.byAnswer',
    'SELECT id, status, seal FROM answers WHERE id = :id AND seal IS NOT NULL',
  ),
  set: statement('seals.set', 'UPDATE answers SET seal = :sha256 WHERE id = :answerId AND seal IS NULL'),
  content: statement('seals.content', `SELECT ${columnsOfSeal.join(', ')} FROM answers WHERE id = :id`),
};

export function findSeal(database: ReadableDatabase, id: AnswerId): Seal | null {
  const row = database.get(statements.byAnswer, { id });
  return row === undefined ? null : parseRow(Row, row, 'answers');
}

/** Seals an answer, after which the database refuses every change to it. Called by the record alone. */
export function putSeal(database: WritableDatabase, { answerId, sha256 }: Seal): void {
  database.run(statements.set, { answerId, sha256 });
}

/** The seal that an answer would get for its present content; null if there is no such answer. */
export function presentSeal(database: ReadableDatabase, id: AnswerId): Seal | null {
  const row = database.get(statements.content, { id }) as Record<string, unknown> | undefined;
  if (row === undefined) return null;
  return parseRows(database, Row, [{ id, status: row['status'], seal: sealOf(row) }], 'answers')[0] ?? null;
}
