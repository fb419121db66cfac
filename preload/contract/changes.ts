import { z } from 'zod';
import { ActorId, WindowId } from './context.ts';
import { AnswerStatus, Case, CaseRecording, Question, Session } from './domain.ts';
import { Entry } from './entries.ts';
import { Bookmark, Segment } from './marks.ts';
import { Track } from './tracks.ts';
import { SiteSettings } from './site/settings.ts';
import { AnswerId, CaseId, QuestionId, SessionId, Sha256, Timestamp, VideoId } from './values.ts';
import { Verdict } from './verdicts.ts';

/** The place of a change in the record: 1, 2, 3 and so on without gaps. It orders changes, because clocks may go back. */
export const Seq = z.int().positive();
export type Seq = z.infer<typeof Seq>;

/** A session as the record holds it, without anybody's place in it, which is no change. Early records have no names. */
export const SessionFacts = Session.pick({ id: true, caseId: true, number: true, createdAt: true }).extend({
  name: Session.shape.name.exactOptional(),
});
export type SessionFacts = z.infer<typeof SessionFacts>;

/** A question as the record holds it. Early records name no recording, because a session had only one. */
export const QuestionFacts = Question.extend({ videoId: VideoId.exactOptional() });
export type QuestionFacts = z.infer<typeof QuestionFacts>;

/** Records that an answer was asked for. What it says comes later, and is recorded as the digest of its `Seal`. */
export const AnswerFacts = z.object({
  id: AnswerId,
  questionId: QuestionId,
  sessionId: SessionId,
  /** Counted within its question, from 1. */
  version: z.int().positive(),
  createdAt: Timestamp,
});
export type AnswerFacts = z.infer<typeof AnswerFacts>;

/** Records that an answer has ended, with the digest of its content, which can't be changed afterwards. */
export const Seal = z.object({ answerId: AnswerId, status: AnswerStatus, sha256: Sha256 });
export type Seal = z.infer<typeof Seal>;

/** A head of the record that was noted in another place, or that the record had when a backup replaced the database. */
export const Anchor = z.object({
  id: z.string().min(1).max(200),
  kind: z.enum(['backup', 'export', 'report', 'replaced']),
  seq: Seq,
  hash: Sha256,
});
export type Anchor = z.infer<typeof Anchor>;

/** Records that the edits of a change were erased, as when a patient withdraws. Its head with their digest stays. */
export const Erasure = z.object({ seq: Seq, reason: z.string().min(1).max(500) });
export type Erasure = z.infer<typeof Erasure>;

/**
 * Records that something was done with a thing that the record does not hold itself: a model was chosen, a video opened. It
 * exists in the record alone, without a table to compare. It holds no paths, because these may name people.
 */
export const Mention = z.object({
  what: z.enum(['model', 'video', 'backups']),
  id: z.string().min(1).max(150),
  /** The name by which the person knows it; null if it has none. */
  name: z.string().max(300).nullable(),
});
export type Mention = z.infer<typeof Mention>;

/**
 * The kinds of things that the record can hold, with their schemas. Nothing in the record is ever rewritten, so a schema must
 * read what earlier versions wrote: a field that is added is optional or has a default. An optional field that is missing is
 * not compared with the tables.
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
  track: Track,
  site: SiteSettings,
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
 * One thing as it was before a change and as it is after it; null if it is not there. What a person deletes counts as not
 * there, although its row is kept so that it can come back.
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
  edit('track', Track),
  edit('site', SiteSettings),
  edit('mention', Mention),
]);
export type Edit = z.infer<typeof Edit>;

/** The name of what was done, such as `case.rename`. */
export const CommandName = z
  .string()
  .max(60)
  .regex(/^[a-z]+(?:-[a-z]+)*(?:\.[a-z]+(?:-[a-z]+)*)+$/);

/** Joins changes into one step that is undone as a whole, such as a drag, or typing without a pause. */
export const GroupId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .brand<'GroupId'>();
export type GroupId = z.infer<typeof GroupId>;

/** What kind of change it is. `record` stands for one that can't be undone, such as an answer's end or a new session. */
export const ChangeKind = z.enum(['do', 'undo', 'redo', 'record']);
export type ChangeKind = z.infer<typeof ChangeKind>;

/** One change: who did what, from which window, and each thing that it changed. */
export const Change = z.object({
  seq: Seq,
  /** By the clock of the machine at that time, which may have been wrong. */
  at: Timestamp,
  actor: ActorId,
  /** Null for what the workstation does by itself. */
  window: WindowId.nullable(),
  caseId: CaseId.nullable(),
  /** The session in which it was done, and whose undo takes it back. */
  sessionId: SessionId.nullable(),
  /** For an undo or redo, the command that was undone or redone. */
  command: CommandName,
  kind: ChangeKind,
  /** The change that an undo undoes, or the undo that a redo takes back. */
  target: Seq.nullable(),
  groupId: GroupId.nullable(),
  /** Null if they were erased. */
  edits: z.array(Edit).nullable(),
  /** Hashes of this change and of the one before it. Unlike places, they also tell the changes of two databases apart. */
  hash: Sha256,
  previous: Sha256,
});
export type Change = z.infer<typeof Change>;

/**
 * Changes in their order, without gaps, and what they lead to: every question that they touched, as it is now. A question that
 * they touched and that is missing here is deleted.
 */
export const Changes = z.object({ changes: z.array(Change), entries: z.array(Entry) });
export type Changes = z.infer<typeof Changes>;

/** Changes after a place in the record. `seq` is the newest change of all, and 0 while there is none. */
export const ChangeList = Changes.extend({
  seq: z.int().min(0),
  /** Hash of that newest change; null while there is none. */
  hash: Sha256.nullable(),
  /** Whether there are more after the last of `changes`. */
  more: z.boolean(),
});
export type ChangeList = z.infer<typeof ChangeList>;

/** What was undone or redone, in words, and the change that did it. */
export const Undone = z.object({ what: z.string(), change: Change });
export type Undone = z.infer<typeof Undone>;

/** What undo and redo would do next, in words; null if there is nothing. */
export const Undoable = z.object({ undo: z.string().nullable(), redo: z.string().nullable() });
export type Undoable = z.infer<typeof Undoable>;

/**
 * The newest change and its hash as `12:ab…`, which prove everything before it. Whoever keeps this elsewhere can compare it at
 * a later check.
 */
export const RecordHead = z.string().regex(/^[1-9]\d{0,15}:[0-9a-f]{64}$/);

/** The result of checking whether the record is as it was written. */
export const RecordCheck = z.object({
  ok: z.boolean(),
  /** How many changes there are. */
  changes: z.int().min(0),
  /** The first change that is missing or not as it was written; null if there is none. */
  broken: Seq.nullable(),
  /** What is wrong with it, in words. */
  reason: z.string().nullable(),
  /** The present head; null if the record is empty or broken. */
  head: RecordHead.nullable(),
});
export type RecordCheck = z.infer<typeof RecordCheck>;
