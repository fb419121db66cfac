import { entityInWords } from '../../../preload/contract/words/changes.ts';
import { Edit } from '../../../preload/contract/changes.ts';
import type { ReadableDatabase } from '../database.ts';
import { editsInOrder, type Break, type ChainWalk } from './chain-check.ts';
import { isAsRecorded, isInRecordAlone, readEntity } from './entities.ts';
import { presentSeal } from './sealed-answers.ts';
import { AnswerId } from '../../../preload/contract/values.ts';

/** The state of a thing by the record: as the last change of it left it. */
export interface Folded {
  edit: Edit;
  /** The change that left it so. */
  seq: number;
}

/** What the tables must hold by the record alone, from its first change to its last, by `entity id`. */
export function* foldRecord(database: ReadableDatabase): Generator<null, Map<string, Folded>> {
  const last = new Map<string, { edit: unknown; seq: number; caseId: string | null }>();
  const erased = new Map<string | null, number>();
  for (const change of editsInOrder(database)) {
    if (change === null) {
      yield null;
      continue;
    }
    const { seq, caseId } = change;
    if (change.edits === null) {
      erased.set(caseId, seq);
      continue;
    }
    for (const edit of JSON.parse(change.edits) as Pick<Edit, 'entity' | 'id'>[]) {
      last.set(`${edit.entity} ${edit.id}`, { edit, seq, caseId });
    }
  }
  const folded = new Map<string, Folded>();
  for (const [key, { edit: stored, seq, caseId }] of last) {
    // What an erased change left behind is not known any more, so nothing before it can be compared.
    if (seq < (erased.get(caseId) ?? 0)) continue;
    folded.set(key, { edit: Edit.parse(stored), seq });
  }
  return folded;
}

/** The first thing in the tables that is not as the record left it. */
export function* checkTables(database: ReadableDatabase): Generator<null, Break | null> {
  const folded = yield* foldRecord(database);
  let first: Break | null = null;
  let count = 0;
  for (const { edit, seq } of folded.values()) {
    const { entity, id } = edit;
    if (isInRecordAlone(entity)) continue;
    const present = readEntity(database, entity, id);
    if (!isAsRecorded(entity, edit.after, present) && seq < (first?.seq ?? Infinity)) {
      first = { seq, reason: `${entityInWords(edit)} is not as this change left it` };
    }
    if (++count % 1000 === 0) yield null;
  }
  return first;
}

/** The first closed answer that does not say any more what it said when it was closed. */
export function* checkSeals(
  database: ReadableDatabase,
  seals: ChainWalk['seals'],
): Generator<null, Break | null> {
  let count = 0;
  for (const [id, { seq, seal }] of seals) {
    const present = presentSeal(database, AnswerId.parse(id));
    if (present === null) return { seq, reason: 'the answer that it closed is gone' };
    if (present.sha256 !== seal.sha256) return { seq, reason: 'the answer that it closed was changed' };
    if (++count % 1000 === 0) yield null;
  }
  return null;
}
