import { z } from 'zod';
import { Answer, Case, ModelStamp, Question, Session, Video } from './domain.ts';
import { Doubt, doubtsOf } from './doubts.ts';
import { Marks } from './marks.ts';
import { surenessOf } from './sureness.ts';
import { Sha256, type AnswerId, type Size } from './values.ts';
import { DecisionOf, NoteOf, Verdict } from './verdicts.ts';
import { answerWarning } from './words/answer-warning.ts';

/** The place of a question in the order of asking within one database. Later ones have larger numbers, with gaps. */
export const EntryPlace = z.int().positive();
export type EntryPlace = z.infer<typeof EntryPlace>;

/** A question with every version of its answer, oldest first, and people's verdicts on them. */
export const Entry = z.object({
  question: Question,
  place: EntryPlace,
  answers: z.array(Answer).min(1),
  verdicts: z.array(Verdict),
});
export type Entry = z.infer<typeof Entry>;

/** What a list shows of an answer. The rest (reasoning, evidence, settings) is read by `getEntry`. */
export const AnswerSummary = Answer.pick({
  id: true,
  status: true,
  label: true,
  box: true,
  endedAt: true,
}).extend({
  /** How many things it names, each with its box; 0 for an answer of one thing. */
  itemCount: z.int().min(0),
  /** How likely it is to be right by the model's own numbers; see `surenessOf`. */
  probability: z.number().min(0).max(1).nullable(),
  doubts: z.array(Doubt),
  /** What to know before using an answer whose words and box disagree; null if they agree. */
  warning: z.string().nullable(),
  /** Hash of the picture that the answer is about. */
  frameHash: Sha256.nullable(),
  /** One decision for each person who judged it. */
  decisions: z.array(DecisionOf),
  /** One note for each person who wrote one. */
  notes: z.array(NoteOf),
  /** Name and version of the model that gave it; null if none did yet. */
  model: z.string().nullable(),
});
export type AnswerSummary = z.infer<typeof AnswerSummary>;

/** A question with what a list shows of its newest answer. */
export const EntrySummary = z.object({
  question: Question,
  place: EntryPlace,
  /** How many versions of the answer there are. */
  versions: z.int().positive(),
  newest: AnswerSummary,
});
export type EntrySummary = z.infer<typeof EntrySummary>;

/** How many questions come first: as many as a screen shows, and some to scroll to. */
export const firstPageLength = 100;
export const mostOfPage = 500;

/** A page of a session's questions, newest first. */
export const EntryPage = z.object({
  list: z.array(EntrySummary),
  /** Where the next page of earlier questions begins; null if there are none. */
  next: EntryPlace.nullable(),
  /** The models that gave the answers of this page, each once. */
  models: z.array(ModelStamp),
});
export type EntryPage = z.infer<typeof EntryPage>;

/** Everything that the window needs for its first screen of a session. */
export const OpenSession = z.object({
  case: Case,
  video: Video,
  /** All recordings of the case in its order, which are one time (`caseTimeOf`). The shown one may have been taken out. */
  recordings: z.array(Video),
  session: Session,
  /** The first page of its questions. */
  entries: EntryPage,
  marks: Marks,
  /** How many questions the session has. */
  entryCount: z.int().min(0),
  /** The newest change of the record that is contained in this. Later ones are told by `changes` events. */
  seq: z.int().min(0),
  /** Hash of that change; null while there is none. */
  hash: Sha256.nullable(),
});
export type OpenSession = z.infer<typeof OpenSession>;

type Summarised = Pick<
  Answer,
  | 'id'
  | 'status'
  | 'label'
  | 'box'
  | 'items'
  | 'reasoning'
  | 'probability'
  | 'evidence'
  | 'frame'
  | 'endedAt'
  | 'model'
>;

/** The decisions on one answer, one for each person who judged it. */
export const decisionsOn = (answerId: AnswerId, verdicts: readonly Verdict[]): DecisionOf[] =>
  verdicts.flatMap(({ answerId: of, actor, judgement }) => {
    if (of !== answerId || judgement === null) return [];
    const { decision } = judgement;
    return [{ actor, decision, ...(decision === 'corrected' && { label: judgement.label }) }];
  });

/** The notes on one answer, one for each person who wrote one. */
export const notesOn = (answerId: AnswerId, verdicts: readonly Verdict[]): NoteOf[] =>
  verdicts.flatMap(({ answerId: of, actor, note }) =>
    of === answerId && note !== '' ? [{ actor, note }] : [],
  );

/** "Surgery-R1 nano 0.5.0": in lists, models of the same name and version count as one. */
export const namedModel = ({ name, version }: Pick<ModelStamp, 'name' | 'version'>): string =>
  version === null || version === 'not stated' ? name : `${name} ${version}`;

/**
 * What a list shows of an answer. `video` is the size of the video's picture, for answers that do not hold their own;
 * `decisions` and `notes` are those on this answer.
 */
export function summaryOf(
  answer: Summarised,
  {
    question,
    video,
    ...said
  }: { question: string; video: Size; decisions: readonly DecisionOf[]; notes: readonly NoteOf[] },
): AnswerSummary {
  const { id, status, label, box, items, frame, endedAt, model } = answer;
  return {
    ...{ id, status, label, box, endedAt },
    itemCount: items.length,
    probability: surenessOf(answer)?.probability ?? null,
    doubts: doubtsOf(answer),
    warning: answerWarning(answer, question, frame?.picture ?? video),
    frameHash: frame?.hash ?? null,
    decisions: [...said.decisions],
    notes: [...said.notes],
    model: model === null ? null : namedModel(model),
  };
}

/** What a list shows of a question whose whole entry is known. */
export function entrySummaryOf({ question, place, answers, verdicts }: Entry, video: Size): EntrySummary {
  const newest = answers.at(-1);
  if (newest === undefined) throw new Error('an entry has no answer');
  const said = { decisions: decisionsOn(newest.id, verdicts), notes: notesOn(newest.id, verdicts) };
  const summary = summaryOf(newest, { question: question.text, video, ...said });
  return { question, place, versions: answers.length, newest: summary };
}

/** The different models among these, each once and in the order of first appearance. */
export function distinctModels(stamps: Iterable<ModelStamp | null>): ModelStamp[] {
  const found = new Map<string, ModelStamp>();
  for (const stamp of stamps) {
    if (stamp !== null) found.set(JSON.stringify([stamp.id, stamp.version, stamp.sha256]), stamp);
  }
  return [...found.values()];
}
