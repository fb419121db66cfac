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
  /** Checks only what was added after the last check, whose result is trusted. */
  sinceLast?: boolean;
  /** Heads of the record that were kept outside of the database, as in backups. */
  outside?: readonly WrittenHead[];
}

/** The result of a check. `mark` is where the record is now known to be whole; null if that is no news, or it is broken. */
export interface Verified {
  check: RecordCheck;
  mark: Watermark | null;
}

/** How many changes a check would have to read. */
export function changesToCheck(database: ReadableDatabase, sinceLast: boolean): number {
  const from = sinceLast ? (readSetting(database, 'recordChecked')?.seq ?? 0) : 0;
  return (lastHead(database)?.seq ?? 0) - from;
}

/**
 * Checks the whole record: that the chain holds, that it contains every head that was noted, that sealed answers say what
 * they said, and that the tables are as the changes left them. With `sinceLast`, it checks only the chain after the last
 * check. It yields between pages; the result tells the first break.
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

/** Finds the first change that differs from a file which holds the whole chain, such as a backup. */
function exactly(found: Break, written: WrittenHead, hashAt: (seq: number) => string | null): Break {
  const { hashAt: elsewhere } = written;
  if (elsewhere === undefined) return found;
  // Binary search works, because chains that differ at one change differ at every later one.
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
