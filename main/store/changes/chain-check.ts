import { z } from 'zod';
import { Edit, type Seal } from '../../../preload/contract/changes.ts';
import { statement, type ReadableDatabase } from '../database.ts';
import { chainStart, hashOf, sha256 } from './chain.ts';
import { headColumns, type StoredHead } from './log.ts';

/** The first change at which the record is broken, and why. */
export interface Break {
  seq: number;
  reason: string;
}

/** The change up to which the record was found whole, with its hash. */
export interface Watermark {
  seq: number;
  hash: string;
}

const PAGE = 1000;

const statements = {
  page: statement(
    'changes.page',
    `SELECT changes.*, edits FROM (SELECT ${headColumns} FROM changes WHERE seq > :seq ORDER BY seq LIMIT ${PAGE})
       AS changes LEFT JOIN change_bodies ON change_bodies.seq = changes.seq ORDER BY changes.seq`,
  ),
  editsPage: statement(
    'changes.editsPage',
    `SELECT changes.seq, case_id AS caseId, edits FROM changes LEFT JOIN change_bodies ON change_bodies.seq = changes.seq
     WHERE changes.seq > :seq ORDER BY changes.seq LIMIT ${PAGE}`,
  ),
};

/** Yields the edits of every change, one by one, with as much of its head as a fold needs, and null between pages. */
export function* editsInOrder(
  database: ReadableDatabase,
): Generator<{ seq: number; caseId: string | null; edits: string | null } | null> {
  for (let seq = 0; ;) {
    const rows = database.all(statements.editsPage, { seq }) as EditsRow[];
    for (const row of rows) yield row;
    seq = rows.at(-1)?.seq ?? seq;
    if (rows.length < PAGE) return;
    yield null;
  }
}

/** Rows are trusted to have these types without a check, because the hash proves their content. */
type Row = StoredHead & { edits: string | null };
type EditsRow = Pick<Row, 'seq' | 'caseId' | 'edits'>;

/** Yields every change after a place with its edits, one by one, and null between pages so that others have their turn. */
export function* changesInOrder(
  database: ReadableDatabase,
  after = 0,
): Generator<{ head: StoredHead; edits: string | null } | null> {
  for (let seq = after; ;) {
    const rows = database.all(statements.page, { seq }) as Row[];
    for (const { edits, ...head } of rows) {
      seq = head.seq;
      yield { head, edits };
    }
    if (rows.length < PAGE) return;
    yield null;
  }
}

/** What a walk along the chain has collected for the checks that follow. */
export interface ChainWalk {
  last: Watermark | null;
  count: number;
  /** The digest of each sealed answer, with the change that holds it. */
  seals: Map<string, { seq: number; seal: Seal }>;
  /** Changes whose edits were erased, according to the record. */
  erased: Set<number>;
  /** Heads of records that a restored backup replaced. `from` is the change that says so, after which this record went on. */
  replaced: (Watermark & { from: number })[];
}

/**
 * Walks the chain from its start, or from where it was found whole before, and returns its first break: a change that is
 * missing, that does not match its hash, or that does not follow the one before it.
 */
export function* walkChain(
  database: ReadableDatabase,
  from: Watermark | null,
): Generator<null, ChainWalk & { broken: Break | null }> {
  const walk: ChainWalk = {
    last: from,
    count: from?.seq ?? 0,
    seals: new Map(),
    erased: new Set(),
    replaced: [],
  };
  const withoutEdits: number[] = [];
  for (const change of changesInOrder(database, from?.seq)) {
    if (change === null) {
      yield null;
      continue;
    }
    const broken = breakOf(change, walk.last);
    if (broken !== null) return { ...walk, broken };
    const { head, edits } = change;
    if (edits === null) withoutEdits.push(head.seq);
    else note(walk, head, edits);
    walk.last = { seq: head.seq, hash: head.hash };
    walk.count = head.seq;
  }
  const lost = withoutEdits.find((seq) => !walk.erased.has(seq));
  const broken = lost === undefined ? null : { seq: lost, reason: 'its edits are missing' };
  return { ...walk, broken };
}

function breakOf(
  { head, edits }: { head: StoredHead; edits: string | null },
  before: Watermark | null,
): Break | null {
  const { hash, ...hashed } = head;
  const expected = (before?.seq ?? 0) + 1;
  if (head.seq !== expected) return { seq: expected, reason: 'it is missing' };
  if (hashOf(hashed) !== hash) return { seq: head.seq, reason: 'its head is not the one that was hashed' };
  if (head.previous !== (before?.hash ?? chainStart)) {
    // This change matches its own hash, so the one before it was replaced.
    return before === null
      ? { seq: head.seq, reason: 'the record does not begin with it' }
      : { seq: before.seq, reason: 'it is not the change that the next one followed' };
  }
  if (edits !== null && sha256(edits) !== head.bodySha256) {
    return { seq: head.seq, reason: 'its edits are not the ones that were hashed' };
  }
  return null;
}

/** Collects the few edits that are about the record itself. */
function note(walk: ChainWalk, { seq, command, kind }: StoredHead, text: string): void {
  if (kind !== 'record' || !/^(answer|record)\.|^case\.take-over$/.test(command)) return;
  for (const edit of z.array(Edit).parse(JSON.parse(text))) {
    if (edit.after === null) continue;
    if (edit.entity === 'seal') walk.seals.set(edit.id, { seq, seal: edit.after });
    if (edit.entity === 'erasure' && command === 'record.erase') walk.erased.add(edit.after.seq);
    if (edit.entity === 'anchor' && edit.after.kind === 'replaced') {
      walk.replaced.push({ from: seq, seq: edit.after.seq, hash: edit.after.hash });
    }
  }
}

/** A head of the record that was noted at some time, inside or outside of the database. */
export interface WrittenHead extends Watermark {
  /** What holds it, in words, such as `the backup workstation-000003-….db`. */
  where: string;
  /** Gives the hash of each of its changes, if it holds the whole chain. */
  hashAt?: (seq: number) => string | null;
}

/** Compares the chain with a head that was noted before, which shows whether its end was cut off or rewritten. */
export function breakAtHead(
  { last }: Pick<ChainWalk, 'last'>,
  written: WrittenHead,
  hashAt: (seq: number) => string | null,
): Break | null {
  if (hashAt(written.seq) === written.hash) return null;
  const end = last?.seq ?? 0;
  return written.seq > end
    ? {
        seq: end + 1,
        reason: `it is missing: the record went up to change ${written.seq} when ${written.where} was written`,
      }
    : { seq: written.seq, reason: `it is not the change that ${written.where} names` };
}

/**
 * Whether a head belongs to a record that a restored backup replaced, and so is missing here for a good reason. A change of
 * the present record says so, and the replaced record is still whole in the file in which that database was kept.
 */
export function wasReplaced(
  { replaced }: Pick<ChainWalk, 'replaced'>,
  head: WrittenHead,
  others: readonly WrittenHead[],
): boolean {
  const isKnown = (known: Watermark, one: Watermark) => known.seq === one.seq && known.hash === one.hash;
  return replaced.some(
    (known) =>
      isKnown(known, head) ||
      (head.seq >= known.from && head.seq <= known.seq) ||
      others.some((other) => isKnown(known, other) && other.hashAt?.(head.seq) === head.hash),
  );
}
