import { z } from 'zod';
import { ActorId } from './context.ts';
import type { Answer, AnswerStatus } from './domain.ts';
import { Note } from './notes.ts';
import { AnswerId, Box, QuestionId, Timestamp } from './values.ts';

/** A person's own label holds no more characters than this. */
export const mostLabelLength = 200;
/** A box that is narrower or lower than this, in source pixels, holds nothing that can be looked at. */
export const leastBoxSide = 2;

/** What is wrong with an answer that is rejected. */
export const RejectReason = z.enum(['wrong-label', 'wrong-place', 'both', 'not-answerable']);
export type RejectReason = z.infer<typeof RejectReason>;

/** What a person says of one step of the model's stated reasoning. */
export const StepMark = z.enum(['right', 'wrong', 'not-visible']);
export type StepMark = z.infer<typeof StepMark>;

/** What a person decided on an answer, and when. */
export const Judgement = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('accepted'), at: Timestamp }),
  z.strictObject({
    decision: z.literal('rejected'),
    at: Timestamp,
    /** Null where it was not said, as in review sheets that were filled in by hand. */
    reason: RejectReason.nullable().default(null),
  }),
  z.strictObject({
    decision: z.literal('corrected'),
    at: Timestamp,
    /** What is true instead, both of them, even where only one differs from the model's. */
    label: z.string().min(1).max(mostLabelLength),
    /** In pixels of the frame as displayed; null where there is nothing to point at. */
    box: Box.nullable(),
  }),
]);
export type Judgement = z.infer<typeof Judgement>;
export type Decision = Judgement['decision'];
export const decisions = ['accepted', 'corrected', 'rejected'] as const satisfies readonly Decision[];

/** One step of an answer's reasoning as a person marked it. */
export const MarkedStep = z.strictObject({
  /** Where the step stands in the reasoning, in UTF-16 units: it is named by its own text, whatever splits it. */
  from: z.int().min(0),
  to: z.int().positive(),
  mark: StepMark,
});
export type MarkedStep = z.infer<typeof MarkedStep>;

/**
 * What one person says of one answer: there is at most one such verdict. Without a judgement the answer is still open for that
 * person, who has marked steps of it or written a note.
 */
export const Verdict = z.object({
  answerId: AnswerId,
  questionId: QuestionId,
  actor: ActorId,
  judgement: Judgement.nullable(),
  /** In the order of the reasoning. */
  marks: z.array(MarkedStep),
  note: Note,
});
export type Verdict = z.infer<typeof Verdict>;

/** What a list says of a verdict. */
export const DecisionOf = z.object({
  actor: ActorId,
  decision: z.enum(decisions),
  /** Of a correction: what it puts in place of the model's label. */
  label: z.string().exactOptional(),
});
export type DecisionOf = z.infer<typeof DecisionOf>;

/** The name of a verdict in the record: one for each answer and person, so that there can't be two. */
export const verdictId = (answerId: AnswerId, actor: ActorId): string => `${answerId}:${actor}`;

/** Whether an answer of this status is to be judged. One without an answer can be corrected or rejected, but nobody has to. */
export const awaitsVerdict = (status: AnswerStatus): boolean =>
  status === 'answered' || status === 'answered-without-location' || status === 'not-visible';

/** Whether there is anything that a person can judge. */
export const canBeJudged = (status: AnswerStatus): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'failed';

/** Whether a correction can say what is true instead: it has one label and one box. */
export const canBeCorrected = ({ status, items }: Pick<Answer, 'status' | 'items'>): boolean =>
  canBeJudged(status) && items.length === 0;

export interface ReasoningStep {
  /** Where it stands in the reasoning, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A full stop behind one of these ends no sentence: a number that counts, an initial, or a short form. */
const endsNoSentence = /(?:^|[\s(])(?:\d+|[A-Za-z]|e\.g|i\.e|cf|vs|approx|Dr|Fig)\.$/;

/** The steps of a stated reasoning: its lines, and of a line its sentences. */
export function reasoningSteps(reasoning: string): ReasoningStep[] {
  const steps: ReasoningStep[] = [];
  const add = (from: number, to: number): void => {
    const text = reasoning.slice(from, to);
    const trimmed = text.trim();
    if (trimmed === '') return;
    const start = from + (text.length - text.trimStart().length);
    steps.push({ from: start, to: start + trimmed.length, text: trimmed });
  };
  for (const line of reasoning.matchAll(/[^\r\n]+/g)) {
    let from = line.index;
    for (const end of line[0].matchAll(/[.!?]["”’)]?(?=\s)/g)) {
      const to = line.index + end.index + end[0].length;
      if (endsNoSentence.test(reasoning.slice(from, to))) continue;
      add(from, to);
      from = to;
    }
    add(from, line.index + line[0].length);
  }
  return steps;
}
