import { z } from 'zod';
import { Change, ChangeKind, type ChangeList, type Edit } from '../../../preload/contract/changes.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import type { SessionId } from '../../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { Json, parseRow } from '../rows.ts';
import type { ChangeHead } from './chain.ts';

export const headColumns = `seq, at, actor, window_id AS "window", case_id AS caseId, session_id AS sessionId, command, kind,
  target, group_id AS groupId, step, under, body_sha256 AS bodySha256, previous, hash`;

/** The head of a change as its row holds it, with its stored hash. */
export const StoredHead = z.object({
  seq: z.int(),
  at: z.int(),
  actor: z.string(),
  window: z.string().nullable(),
  caseId: z.string().nullable(),
  sessionId: z.string().nullable(),
  command: z.string(),
  kind: ChangeKind,
  target: z.int().nullable(),
  groupId: z.string().nullable(),
  step: z.int(),
  under: z.int().nullable(),
  bodySha256: z.string(),
  previous: z.string(),
  hash: z.string(),
}) satisfies z.ZodType<ChangeHead & { hash: string }>;
export type StoredHead = z.infer<typeof StoredHead>;

/** A change as its row holds it, checked once: its head with the text of its edits, which is null if they were erased. */
const Row = Change.extend({ edits: Json.pipe(Change.shape.edits) });

/** The columns that a change is told with; what only the chain and the undo stacks need is left out. */
const toldColumns = `seq, at, actor, window_id AS "window", case_id AS caseId, session_id AS sessionId, command, kind, target,
  group_id AS groupId, previous, hash`;

export const statements = {
  last: statement('changes.last', `SELECT ${headColumns} FROM changes ORDER BY seq DESC LIMIT 1`),
  bySeq: statement('changes.bySeq', `SELECT ${headColumns} FROM changes WHERE seq = :seq`),
  lastOfActor: statement(
    'changes.lastOfActor',
    `SELECT ${headColumns} FROM changes
     WHERE session_id = :sessionId AND actor = :actor AND kind <> 'record' ORDER BY seq DESC LIMIT 1`,
  ),
  since: statement(
    'changes.since',
    `SELECT changes.*, edits FROM (SELECT ${toldColumns} FROM changes WHERE seq > :seq ORDER BY seq LIMIT :limit)
       AS changes LEFT JOIN change_bodies ON change_bodies.seq = changes.seq ORDER BY changes.seq`,
  ),
  ofStep: statement(
    'changes.ofStep',
    `SELECT changes.*, edits FROM (SELECT ${toldColumns} FROM changes WHERE step = :step) AS changes
       LEFT JOIN change_bodies ON change_bodies.seq = changes.seq ORDER BY changes.seq`,
  ),
  addHead: statement(
    'changes.addHead',
    `INSERT INTO changes (seq, at, actor, window_id, case_id, session_id, command, kind, target, group_id, step, under,
       body_sha256, previous, hash)
     VALUES (:seq, :at, :actor, :window, :caseId, :sessionId, :command, :kind, :target, :groupId, :step, :under,
       :bodySha256, :previous, :hash)`,
  ),
  addBody: statement('changes.addBody', 'INSERT INTO change_bodies (seq, edits) VALUES (:seq, :edits)'),
};

const headOf = (row: unknown): StoredHead | null =>
  row === undefined ? null : parseRow(StoredHead, row, 'changes');

/** The newest change; null if nothing was recorded yet. */
export const lastHead = (database: ReadableDatabase): StoredHead | null =>
  headOf(database.get(statements.last));

export const findHead = (database: ReadableDatabase, seq: number): StoredHead | null =>
  headOf(database.get(statements.bySeq, { seq }));

/** What an actor last did, undid or redid in a session, without changes that can't be undone. */
export const lastHeadOfActor = (
  database: ReadableDatabase,
  actor: ActorId,
  sessionId: SessionId,
): StoredHead | null => headOf(database.get(statements.lastOfActor, { actor, sessionId }));

/** A change in the form of the contract. Its edits are null if they were erased. */
export function toChange(head: StoredHead, edits: readonly Edit[] | null): Change {
  const { step: _step, under: _under, bodySha256: _digest, ...told } = head;
  return parseRow(Change, { ...told, edits }, 'changes');
}

const changeOf = (row: unknown): Change => parseRow(Row, row, 'changes');

/** The changes of one step, oldest first. */
export const changesOfStep = (database: ReadableDatabase, step: number): Change[] =>
  database.all(statements.ofStep, { step }).map(changeOf);

/** Changes as they were recorded, without the entries that they lead to. */
export type RecordedChanges = Omit<ChangeList, 'entries'>;

/** At most `limit` changes after `seq`, in order. */
export function changesSince(database: ReadableDatabase, seq: number, limit: number): RecordedChanges {
  const head = lastHead(database);
  const changes = database.all(statements.since, { seq, limit }).map(changeOf);
  const last = changes.at(-1);
  const more = last !== undefined && last.seq < (head?.seq ?? 0);
  // Changes written after the head was read may be among them, and then the last one is the head.
  const newest = more || last === undefined ? head : last;
  return { changes, seq: newest?.seq ?? 0, hash: newest?.hash ?? null, more };
}

export function addChange(
  database: WritableDatabase,
  head: ChangeHead,
  { hash, edits }: { hash: string; edits: string },
): void {
  database.run(statements.addHead, { ...head, hash });
  database.run(statements.addBody, { seq: head.seq, edits });
}
