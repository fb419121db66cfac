import { Anchor } from '../../../preload/contract/changes.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';

export const statements = {
  byId: statement('anchors.byId', 'SELECT id, kind, seq, hash FROM chain_anchors WHERE id = :id'),
  list: statement('anchors.list', 'SELECT id, kind, seq, hash FROM chain_anchors ORDER BY seq, id'),
  add: statement(
    'anchors.add',
    'INSERT INTO chain_anchors (id, kind, seq, hash) VALUES (:id, :kind, :seq, :hash)',
  ),
};

export function findAnchor(database: ReadableDatabase, id: string): Anchor | null {
  const row = database.get(statements.byId, { id });
  return row === undefined ? null : parseRow(Anchor, row, 'chain_anchors');
}

/** Lists the anchors in the order of the record. */
export function listAnchors(database: ReadableDatabase): Anchor[] {
  return parseRows(database, Anchor, database.all(statements.list), 'chain_anchors');
}

/** Called by the record alone. */
export function putAnchor(database: WritableDatabase, { id, kind, seq, hash }: Anchor): void {
  database.run(statements.add, { id, kind, seq, hash });
}
