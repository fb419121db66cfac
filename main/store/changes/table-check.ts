import { z } from 'zod';
import { entityInWords } from '../../../preload/contract/change-words.ts';
import { Edit, recordedEntities, type EntityName } from '../../../preload/contract/changes.ts';
import type { ReadableDatabase } from '../database.ts';
import { canonicalText } from './chain.ts';
import { changesInOrder, type Break, type ChainWalk } from './chain-check.ts';
import { readEntity } from './entities.ts';
import { presentSeal } from './sealed-answers.ts';
import { AnswerId } from '../../../preload/contract/values.ts';

/** The state of a thing by the record: as the last change of it left it. */
export interface Folded {
  entity: EntityName;
  id: string;
  /** Canonical text of the value, `null` where it is not there. */
  value: string;
  /** The change that left it so. */
  seq: number;
  words: string;
}

/** What the tables must hold by the record alone, from its first change to its last, by `entity id`. */
export function* foldRecord(database: ReadableDatabase): Generator<null, Map<string, Folded>> {
  const folded = new Map<string, Folded>();
  const erased = new Map<string | null, number>();
  const cases = new Map<string, string | null>();
  for (const change of changesInOrder(database)) {
    if (change === null) yield null;
    if (change === null || 'reason' in change) continue;
    const { seq, caseId } = change.head;
    if (change.edits === null) {
      erased.set(caseId, seq);
      continue;
    }
    for (const edit of z.array(Edit).parse(JSON.parse(change.edits))) {
      const { entity, id, after } = edit;
      const key = `${entity} ${id}`;
      folded.set(key, { entity, id, value: canonicalText(after), seq, words: entityInWords(edit) });
      cases.set(key, caseId);
    }
  }
  // What an erased change left behind is not known any more, so nothing before it can be compared.
  for (const [key, { seq }] of folded) {
    if (seq < (erased.get(cases.get(key) ?? null) ?? 0)) folded.delete(key);
  }
  return folded;
}

/** The first thing in the tables that is not as the record left it. */
export function* checkTables(database: ReadableDatabase): Generator<null, Break | null> {
  const folded = yield* foldRecord(database);
  let first: Break | null = null;
  let count = 0;
  for (const { entity, id, value, seq, words } of folded.values()) {
    const present = canonicalText(
      recordedEntities[entity].nullable().parse(readEntity(database, entity, id)),
    );
    if (present !== value && seq < (first?.seq ?? Infinity)) {
      first = { seq, reason: `${words} is not as this change left it` };
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
