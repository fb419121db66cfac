import { z } from 'zod';
import { Edit, type Seal } from '../../../preload/contract/changes.ts';
import { statement, type ReadableDatabase } from '../database.ts';
import { chainStart, hashOf, sha256 } from './chain.ts';
import { headColumns, type StoredHead } from './log.ts';

/** Where the record breaks off, and why. */
export interface Break {
  seq: number;
  reason: string;
}

/** A place up to which the record was found whole, with the hash of the change there. */
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

/** The edits of every change, one by one, with no more of its head than a fold needs. Yields null between pages. */
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

/** As the table's columns are typed; what is in them is proven by the hash. */
type Row = StoredHead & { edits: string | null };
type EditsRow = Pick<Row, 'seq' | 'caseId' | 'edits'>;

/** Every change with its edits, one by one, after a place. Yields null between pages, so that others may have their turn. */
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

/** What the chain says of itself: everything that later checks are held against. */
export interface ChainWalk {
  last: Watermark | null;
  count: number;
  /** The digest that each closed answer had, and the change that says so. */
  seals: Map<string, { seq: number; seal: Seal }>;
  /** Changes whose edits the record says were erased. */
  erased: Set<number>;
  /** Heads that a restored backup replaced; `from`: the change that says so, after which the record went on. */
  replaced: (Watermark & { from: number })[];
}

/**
 * Walks the chain from its start, or from where it was found whole before, and says where it first breaks: a change is
 * missing, its head or its edits are not what its hash says, or it does not follow the one before it.
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
    // This one is as it was hashed, so the one before it is not the one that it followed.
    return before === null
      ? { seq: head.seq, reason: 'the record does not begin with it' }
      : { seq: before.seq, reason: 'it is not the change that the next one followed' };
  }
  if (edits !== null && sha256(edits) !== head.bodySha256) {
    return { seq: head.seq, reason: 'its edits are not the ones that were hashed' };
  }
  return null;
}

/** Reads the few edits that say something of the record itself. */
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

/** The head of the record as it was written down at some time. */
export interface WrittenHead extends Watermark {
  /** What holds it, in words: `the backup workstation-000003-….db`. */
  where: string;
  /** Where that holds the whole chain: the hash of each of its changes. */
  hashAt?: (seq: number) => string | null;
}

/** Holds the chain against a head that was written down: a cut or rewritten tail shows there. */
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
 * Whether a head belongs to a record that a restored backup replaced. That one is told from the present record by the
 * change that says so, and is whole in the file that the replaced database was kept as.
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
