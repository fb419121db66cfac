import { z } from 'zod';
import { absentLabel } from './coherence.ts';
import { ActorId } from './context.ts';
import type { AnswerStatus } from './domain.ts';
import { Note } from './notes.ts';
import { AnswerId, Box, QuestionId, Timestamp } from './values.ts';

/** A person's own label holds no more characters than this. */
export const mostLabelLength = 200;
/** A box that is narrower or lower than this, in source pixels, holds nothing that can be looked at. */
export const leastBoxSide = 2;
/** A person's own list of things names no more than this. */
export const mostThings = 50;

/** What is wrong with an answer that is rejected. */
export const RejectReason = z.enum(['wrong-label', 'wrong-place', 'both', 'not-answerable']);
export type RejectReason = z.infer<typeof RejectReason>;

/** What a person says of one step of the model's stated reasoning. */
export const StepMark = z.enum(['right', 'wrong', 'not-visible']);
export type StepMark = z.infer<typeof StepMark>;

/** One thing of a person's own list, in place of the model's or beside them. */
export const OwnThing = z.strictObject({
  label: z.string().min(1).max(mostLabelLength),
  /** In pixels of the frame as displayed; null where there is nothing to point at. */
  box: Box.nullable(),
  /** Which of the model's things it stands for, from 0; null for one that the model did not name. */
  from: z.int().min(0).nullable(),
});
export type OwnThing = z.infer<typeof OwnThing>;

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
    /**
     * Of an answer that named several things: all that are there instead. The label is then that of `labelOfThings`, and the box
     * null. Missing for an answer of one thing.
     */
    things: z.array(OwnThing).max(mostThings).exactOptional(),
  }),
]);
export type Judgement = z.infer<typeof Judgement>;
export type Decision = Judgement['decision'];
export type CorrectedJudgement = Extract<Judgement, { decision: 'corrected' }>;
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

/** What a person wrote about an answer. */
export const NoteOf = z.object({ actor: ActorId, note: Note });
export type NoteOf = z.infer<typeof NoteOf>;

/** The name of a verdict in the record: one for each answer and person, so that there can't be two. */
export const verdictId = (answerId: AnswerId, actor: ActorId): string => `${answerId}:${actor}`;

/** Whether an answer of this status is to be judged. One without an answer can be corrected or rejected, but nobody has to. */
export const awaitsVerdict = (status: AnswerStatus): boolean =>
  status === 'answered' || status === 'answered-without-location' || status === 'not-visible';

/** Whether there is anything that a person can judge. */
export const canBeJudged = (status: AnswerStatus): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'failed';

/** The one label of a person's list, where there is room for no more: "Stapler, Suction and 3 more". */
export function labelOfThings(things: readonly Pick<OwnThing, 'label'>[]): string {
  if (things.length === 0) return absentLabel;
  const whole = things.map(({ label }) => label).join(', ');
  if (whole.length <= mostLabelLength) return whole;
  const shown =
    things.findLastIndex((_, index) => shortened(things, index + 1).length <= mostLabelLength) + 1;
  return shown > 0 ? shortened(things, shown) : `${things.length} things`;
}

const shortened = (things: readonly Pick<OwnThing, 'label'>[], shown: number): string => {
  const named = things.slice(0, shown).map(({ label }) => label);
  return `${named.join(', ')} and ${things.length - shown} more`;
};

/** Everything that a correction places on the picture: its things, or its one label with its box. */
export const placedThings = ({
  label,
  box,
  things,
}: Pick<CorrectedJudgement, 'label' | 'box' | 'things'>): { label: string; box: Box }[] =>
  (things ?? [{ label, box }]).flatMap((thing) =>
    thing.box === null ? [] : [{ label: thing.label, box: thing.box }],
  );

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
