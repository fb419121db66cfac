import { z } from 'zod';
import { ActorId, WindowId } from './context.ts';
import { AnswerStatus, Case, CaseRecording, Question, Session } from './domain.ts';
import { Entry } from './entries.ts';
import { Bookmark, Segment } from './marks.ts';
import { AnswerId, CaseId, QuestionId, SessionId, Sha256, Timestamp, VideoId } from './values.ts';
import { Verdict } from './verdicts.ts';

/** Place of a change in the record: 1, 2, 3 and so on without a gap. It orders changes; clocks may go back. */
export const Seq = z.int().positive();
export type Seq = z.infer<typeof Seq>;

/** A session as the record knows it. Where a person stands in it is no change. Names were not recorded at first. */
export const SessionFacts = Session.pick({ id: true, caseId: true, number: true, createdAt: true }).extend({
  name: Session.shape.name.exactOptional(),
});
export type SessionFacts = z.infer<typeof SessionFacts>;

/** A question as the record knows it. Which recording it is about was not recorded at first: its session had but one. */
export const QuestionFacts = Question.extend({ videoId: VideoId.exactOptional() });
export type QuestionFacts = z.infer<typeof QuestionFacts>;

/** That an answer was asked for. What it says comes later, and is in the record by the digest of its `Seal`. */
export const AnswerFacts = z.object({
  id: AnswerId,
  questionId: QuestionId,
  sessionId: SessionId,
  /** Counted within its question, from 1. */
  version: z.int().positive(),
  createdAt: Timestamp,
});
export type AnswerFacts = z.infer<typeof AnswerFacts>;

/** That an answer has ended, and what it then held. Nothing of it can be changed afterwards. */
export const Seal = z.object({ answerId: AnswerId, status: AnswerStatus, sha256: Sha256 });
export type Seal = z.infer<typeof Seal>;

/** The head of the record as it was written to another place, or as it was when a backup took the database's place. */
export const Anchor = z.object({
  id: z.string().min(1).max(200),
  kind: z.enum(['backup', 'export', 'report', 'replaced']),
  seq: Seq,
  hash: Sha256,
});
export type Anchor = z.infer<typeof Anchor>;

/** That the edits of a change were erased, as when a patient withdraws. Its head, with the digest of them, stays. */
export const Erasure = z.object({ seq: Seq, reason: z.string().min(1).max(500) });
export type Erasure = z.infer<typeof Erasure>;

/**
 * That something was done with what the record does not hold itself: a model was chosen, a video opened. It is in the record alone,
 * and has no table that it could be held against. No paths: they name people.
 */
export const Mention = z.object({
  what: z.enum(['model', 'video', 'backups']),
  id: z.string().min(1).max(150),
  /** As the person knows it; null where it has none. */
  name: z.string().max(300).nullable(),
});
export type Mention = z.infer<typeof Mention>;

/**
 * What the record can hold, each with its schema. A schema reads what earlier versions wrote, too, since nothing in the
 * record is ever written anew: a field that is added is optional or has a default. One that is optional and missing says
 * nothing of the thing, so it is compared with nothing.
 */
export const recordedEntities = {
  case: Case,
  recording: CaseRecording,
  session: SessionFacts,
  question: QuestionFacts,
  answer: AnswerFacts,
  seal: Seal,
  anchor: Anchor,
  erasure: Erasure,
  verdict: Verdict,
  bookmark: Bookmark,
  segment: Segment,
  mention: Mention,
} as const;
export type EntityName = keyof typeof recordedEntities;
export type EntityValue<Name extends EntityName> = z.infer<(typeof recordedEntities)[Name]>;

const edit = <Name extends EntityName, Value extends z.ZodType>(entity: Name, value: Value) =>
  z.object({
    entity: z.literal(entity),
    id: z.string().min(1).max(200),
    before: value.nullable(),
    after: value.nullable(),
  });

/**
 * One thing as it was before a change and as it is after it. Null: it is not there. What a person deletes is not there any
 * more, though its row is kept, so that it can come back.
 */
export const Edit = z.discriminatedUnion('entity', [
  edit('case', Case),
  edit('recording', CaseRecording),
  edit('session', SessionFacts),
  edit('question', QuestionFacts),
  edit('answer', AnswerFacts),
  edit('seal', Seal),
  edit('anchor', Anchor),
  edit('erasure', Erasure),
  edit('verdict', Verdict),
  edit('bookmark', Bookmark),
  edit('segment', Segment),
  edit('mention', Mention),
]);
export type Edit = z.infer<typeof Edit>;

/** What was done, such as `case.rename`. */
export const CommandName = z
  .string()
  .max(60)
  .regex(/^[a-z]+(?:-[a-z]+)*(?:\.[a-z]+(?:-[a-z]+)*)+$/);

/** Joins changes to one step, which is undone as one: a drag, or a spell of typing. */
export const GroupId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .brand<'GroupId'>();
export type GroupId = z.infer<typeof GroupId>;

/** `record`: it is written down and can't be undone, as an answer's end, a new session or an export. */
export const ChangeKind = z.enum(['do', 'undo', 'redo', 'record']);
export type ChangeKind = z.infer<typeof ChangeKind>;

/** One change: who did what, from where, and every thing that it changed. */
export const Change = z.object({
  seq: Seq,
  /** By the clock of the machine at that time. */
  at: Timestamp,
  actor: ActorId,
  /** Null for what the workstation does by itself. */
  window: WindowId.nullable(),
  caseId: CaseId.nullable(),
  /** The session that it was done in, where undo takes it back. */
  sessionId: SessionId.nullable(),
  /** Of an undo or redo: what was undone or done again. */
  command: CommandName,
  kind: ChangeKind,
  /** The change that an undo undoes, or the undo that a redo takes back. */
  target: Seq.nullable(),
  groupId: GroupId.nullable(),
  /** Null where they were erased. */
  edits: z.array(Edit).nullable(),
  /** Of the change itself and of the one before it: places alone are the same in every database, these tell one from another. */
  hash: Sha256,
  previous: Sha256,
});
export type Change = z.infer<typeof Change>;

/**
 * Changes in their order, without a gap, and what they come to: every question that they touched and that is there, as it is
 * now. A question that they touched and that is not among these is deleted.
 */
export const Changes = z.object({ changes: z.array(Change), entries: z.array(Entry) });
export type Changes = z.infer<typeof Changes>;

/** Changes after a place in the record; `seq` is the newest one of all, 0 while there is none. */
export const ChangeList = Changes.extend({
  seq: z.int().min(0),
  /** Of that newest one; null while there is none. */
  hash: Sha256.nullable(),
  /** Whether there are more after the last of `changes`. */
  more: z.boolean(),
});
export type ChangeList = z.infer<typeof ChangeList>;

/** What was undone or done again, in words, and the change that did it. */
export const Undone = z.object({ what: z.string(), change: Change });
export type Undone = z.infer<typeof Undone>;

/** What undo and redo would do next, in words; null where there is nothing. */
export const Undoable = z.object({ undo: z.string().nullable(), redo: z.string().nullable() });
export type Undoable = z.infer<typeof Undoable>;

/**
 * The newest change and its hash, as `12:ab…`, which vouch for all before it. Kept elsewhere, a later check can be held
 * against it.
 */
export const RecordHead = z.string().regex(/^[1-9]\d{0,15}:[0-9a-f]{64}$/);

/** Whether the record is as it was written. */
export const RecordCheck = z.object({
  ok: z.boolean(),
  /** How many changes there are. */
  changes: z.int().min(0),
  /** The first change that is not as it was written, or is missing; null where none is. */
  broken: Seq.nullable(),
  /** What is wrong with it, in words. */
  reason: z.string().nullable(),
  /** Null where there is none, or where something is broken. */
  head: RecordHead.nullable(),
});
export type RecordCheck = z.infer<typeof RecordCheck>;
