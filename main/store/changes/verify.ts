import type { RecordCheck } from '../../../preload/contract/changes.ts';
import type { ReadableDatabase } from '../database.ts';
import { readSetting } from '../settings.ts';
import { listAnchors } from './anchors.ts';
import {
  breakAtHead,
  walkChain,
  wasReplaced,
  type Break,
  type Watermark,
  type WrittenHead,
} from './chain-check.ts';
import { findHead, lastHead } from './log.ts';
import { checkSeals, checkTables } from './table-check.ts';

export interface VerifyOptions {
  /** Only what came after the last check, which is trusted. */
  sinceLast?: boolean;
  /** Heads of the record that lie outside of the database. */
  outside?: readonly WrittenHead[];
}

/** What a check found, and up to where the record was found whole now; null where that was known before, or it is broken. */
export interface Verified {
  check: RecordCheck;
  mark: Watermark | null;
}

/** How many changes a check would go through. */
export function changesToCheck(database: ReadableDatabase, sinceLast: boolean): number {
  const from = sinceLast ? (readSetting(database, 'recordChecked')?.seq ?? 0) : 0;
  return (lastHead(database)?.seq ?? 0) - from;
}

/**
 * Checks the whole record: that the chain holds, that it goes on to every head of it that was written down, that closed
 * answers say what they said, and that the tables are as the changes left them. With `sinceLast`, only the chain after the
 * last check. Yields between pages; the result is the first break of all.
 */
export function* verifyRecord(
  database: ReadableDatabase,
  { sinceLast = false, outside = [] }: VerifyOptions = {},
): Generator<null, Verified> {
  const hashAt = (seq: number): string | null => findHead(database, seq)?.hash ?? null;
  const mark = sinceLast ? readSetting(database, 'recordChecked') : null;
  if (mark !== null && hashAt(mark.seq) !== mark.hash) {
    const broken = { seq: mark.seq, reason: 'it is not the change that was there at the last check' };
    return { check: toCheck({ last: mark, count: mark.seq, broken }), mark: null };
  }
  const walk = yield* walkChain(database, mark);
  let broken = walk.broken;
  const inside = listAnchors(database)
    .filter(({ kind, seq }) => kind !== 'replaced' && seq > (mark?.seq ?? 0))
    .map((anchor): WrittenHead => ({ ...anchor, where: `the ${anchor.kind} ${anchor.id}` }));
  for (const head of [...inside, ...outside]) {
    const found = breakAtHead(walk, head, hashAt);
    if (found === null || wasReplaced(walk, head, outside)) continue;
    broken = earliest(broken, exactly(found, head, hashAt));
  }
  if (!sinceLast) {
    broken = earliest(broken, yield* checkSeals(database, walk.seals));
    if (broken === null) broken = yield* checkTables(database);
  }
  const isFurther = broken === null && walk.last !== null && !sameMark(walk.last, mark);
  return { check: toCheck({ ...walk, broken }), mark: isFurther ? walk.last : null };
}

const sameMark = (one: Watermark, other: Watermark | null): boolean =>
  one.seq === other?.seq && one.hash === other.hash;

const earliest = (one: Break | null, other: Break | null): Break | null =>
  one === null || (other !== null && other.seq < one.seq) ? other : one;

/** A file that holds the whole chain says which change is the first that is another one. */
function exactly(found: Break, written: WrittenHead, hashAt: (seq: number) => string | null): Break {
  const { hashAt: elsewhere } = written;
  if (elsewhere === undefined) return found;
  // A chain that differs at one change differs at every later one.
  let low = 1;
  let high = Math.min(found.seq, written.seq);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (hashAt(middle) === elsewhere(middle)) low = middle + 1;
    else high = middle;
  }
  return { seq: low, reason: found.seq === low ? found.reason : `it is another one in ${written.where}` };
}

const toCheck = ({
  last,
  count,
  broken,
}: {
  last: Watermark | null;
  count: number;
  broken: Break | null;
}): RecordCheck => ({
  ok: broken === null,
  changes: count,
  broken: broken?.seq ?? null,
  reason: broken === null ? null : `Change ${broken.seq}: ${broken.reason}.`,
  head: broken === null && last !== null ? `${last.seq}:${last.hash}` : null,
});
