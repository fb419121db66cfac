import { Erasure } from '../../../preload/contract/changes.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { parseRow } from '../rows.ts';

export const statements = {
  bySeq: statement('erasures.bySeq', 'SELECT seq, reason FROM change_erasures WHERE seq = :seq'),
  add: statement('erasures.add', 'INSERT INTO change_erasures (seq, reason) VALUES (:seq, :reason)'),
  removeBody: statement('erasures.removeBody', 'DELETE FROM change_bodies WHERE seq = :seq'),
};

export function findErasure(database: ReadableDatabase, id: string): Erasure | null {
  const row = database.get(statements.bySeq, { seq: Number(id) });
  return row === undefined ? null : parseRow(Erasure, row, 'change_erasures');
}

/** Removes the edits of a change. The database allows this only once that is named as erased. Called by the record alone. */
export function putErasure(database: WritableDatabase, { seq, reason }: Erasure): void {
  database.run(statements.add, { seq, reason });
  database.run(statements.removeBody, { seq });
}
