import { z } from 'zod';
import type { Edit } from '../../../preload/contract/changes.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { CaseId } from '../../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import type { ChangeContext } from './commit.ts';
import type { ChangeRecord } from './record.ts';

export const statements = {
  ofCase: statement(
    'erase.ofCase',
    `SELECT changes.seq FROM changes JOIN change_bodies ON change_bodies.seq = changes.seq
     WHERE case_id = :caseId ORDER BY changes.seq`,
  ),
};

/** The places of a case's changes whose edits are still in the record. */
export const changesOfCase = (database: ReadableDatabase, caseId: CaseId): number[] =>
  z
    .array(z.object({ seq: z.int() }))
    .parse(database.all(statements.ofCase, { caseId }))
    .map(({ seq }) => seq);

/** How many erasures fit into the edits of one change. */
const TOGETHER = 1000;

/**
 * Erases a case from the record, as when a patient withdraws. The edits of its changes go, but their heads with the digests
 * stay, so that the chain still holds; who erased them is recorded as a change. The rows of the case are not touched.
 * Returns how many changes lost their edits. Throws `not-found` if the record holds nothing of the case.
 */
export function eraseCase(
  { database, record }: { database: WritableDatabase; record: ChangeRecord },
  context: ChangeContext,
  { caseId, reason }: { caseId: CaseId; reason: string },
): number {
  return database.transaction(() => {
    const found = changesOfCase(database, caseId);
    if (found.length === 0) {
      throw new WorkstationError(
        'not-found',
        'The record holds nothing of this case that could be erased.',
        'It was erased before, or the case belongs to another data folder.',
      );
    }
    for (let from = 0; from < found.length; from += TOGETHER) {
      const edits = found.slice(from, from + TOGETHER).map((seq): Edit => {
        return { entity: 'erasure', id: String(seq), before: null, after: { seq, reason } };
      });
      // Recorded for no case, because the record of an erasure must not be erased with the rest.
      record.commit(context, { name: 'record.erase', kind: 'record', caseId: null, sessionId: null }, edits);
    }
    return found.length;
  });
}
