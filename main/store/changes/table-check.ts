import { entityInWords } from '../../../preload/contract/words/changes.ts';
import { Edit } from '../../../preload/contract/changes.ts';
import type { ReadableDatabase } from '../database.ts';
import { editsInOrder, type Break, type ChainWalk } from './chain-check.ts';
import { isAsRecorded, isInRecordAlone, readEntity } from './entities.ts';
import { presentSeal } from './sealed-answers.ts';
import { AnswerId } from '../../../preload/contract/values.ts';

/** The state in which the last change of a thing left it, according to the record. */
export interface Folded {
  edit: Edit;
  /** The place of that change. */
  seq: number;
}

/** Computes from all changes of the record what the tables must hold, by `entity id`. */
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
    // Nobody knows any more what an erased change did, so things that were last changed before it can't be compared.
    if (seq < (erased.get(caseId) ?? 0)) continue;
    folded.set(key, { edit: Edit.parse(stored), seq });
  }
  return folded;
}

/** Finds the first thing in the tables that is not as the record left it. */
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

/** Finds the first sealed answer that no longer says what it said when it was sealed. */
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
