import { z } from 'zod';
import { absentLabel } from './coherence.ts';
import { ActorId } from './context.ts';
import type { AnswerStatus } from './domain.ts';
import { Note } from './notes.ts';
import { AnswerId, Box, QuestionId, Sha256, Timestamp } from './values.ts';

/** The most characters of a person's own label. */
export const mostLabelLength = 200;
/** The least width and height of a box, in source pixels, since nobody can see anything in a smaller one. */
export const leastBoxSide = 2;
/** The most things in a person's own list. */
export const mostThings = 50;

/** The most characters of a site's own reason for rejecting an answer. */
export const mostRejectWords = 60;

/** What is wrong with an answer that is rejected. */
export const RejectReason = z.enum(['wrong-label', 'wrong-place', 'both', 'not-answerable']);
export type RejectReason = z.infer<typeof RejectReason>;

/** A person's judgement on one step of the model's stated reasoning. */
export const StepMark = z.enum(['right', 'wrong', 'not-visible']);
export type StepMark = z.infer<typeof StepMark>;

/** One thing of a person's own list, which replaces one of the model's or is added to them. */
export const OwnThing = z.strictObject({
  label: z.string().min(1).max(mostLabelLength),
  /** In pixels of the frame as displayed; null where there is nothing to point at. */
  box: Box.nullable(),
  /** Which of the model's things it stands for, counted from 0; null for one that the model did not name. */
  from: z.int().min(0).nullable(),
});
export type OwnThing = z.infer<typeof OwnThing>;

/** When a person decided, and the hash of the site settings that were in force; without it, none were. */
const decided = { at: Timestamp, site: Sha256.exactOptional() };

/** What a person decided on an answer, and when. */
export const Judgement = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('accepted'), ...decided }),
  z.strictObject({
    decision: z.literal('rejected'),
    ...decided,
    /** Null if no reason was given, as in review sheets that were filled in by hand. */
    reason: RejectReason.nullable().default(null),
    /** The site's own words for it, of which `reason` is the meaning. */
    words: z.string().min(1).max(mostRejectWords).exactOptional(),
  }),
  z.strictObject({
    decision: z.literal('corrected'),
    ...decided,
    /** The true label, which is given together with the box even if only one of them differs from the model's. */
    label: z.string().min(1).max(mostLabelLength),
    /** In pixels of the frame as displayed; null where there is nothing to point at. */
    box: Box.nullable(),
    /**
     * For an answer that named several things, all things that are really there. The label is then that of `labelOfThings`,
     * and the box null. Missing for an answer that named one thing.
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
  /** The range of the step in the reasoning, in UTF-16 units, so that it stays valid if steps are ever split differently. */
  from: z.int().min(0),
  to: z.int().positive(),
  mark: StepMark,
});
export type MarkedStep = z.infer<typeof MarkedStep>;

/**
 * One person's verdict on one answer, of which there is at most one. Without a judgement the answer is still open for that
 * person, who has then only marked steps of it or written a note.
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

/** What a list shows of a verdict. */
export const DecisionOf = z.object({
  actor: ActorId,
  decision: z.enum(decisions),
  /** For a correction, the label that replaces the model's. */
  label: z.string().exactOptional(),
});
export type DecisionOf = z.infer<typeof DecisionOf>;

/** A person's note about an answer. */
export const NoteOf = z.object({ actor: ActorId, note: Note });
export type NoteOf = z.infer<typeof NoteOf>;

/** The id of a verdict in the record. It is made of answer and person, so that there can't be two. */
export const verdictId = (answerId: AnswerId, actor: ActorId): string => `${answerId}:${actor}`;

/** Whether an answer of this status waits for a judgement. Others can be corrected or rejected, but nobody has to do it. */
export const awaitsVerdict = (status: AnswerStatus): boolean =>
  status === 'answered' || status === 'answered-without-location' || status === 'not-visible';

/** Whether there is anything that a person can judge. */
export const canBeJudged = (status: AnswerStatus): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'failed';

/** One label for a person's whole list, where there is no room for more: "Stapler, Suction and 3 more". */
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

/** Everything that a correction places on the picture, which is its things or its one label with its box. */
export const placedThings = ({
  label,
  box,
  things,
}: Pick<CorrectedJudgement, 'label' | 'box' | 'things'>): { label: string; box: Box }[] =>
  (things ?? [{ label, box }]).flatMap((thing) =>
    thing.box === null ? [] : [{ label: thing.label, box: thing.box }],
  );

export interface ReasoningStep {
  /** Its range in the reasoning, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Matches what a full stop follows without ending a sentence: a number in a list, an initial, or an abbreviation. */
const endsNoSentence = /(?:^|[\s(])(?:\d+|[A-Za-z]|e\.g|i\.e|cf|vs|approx|Dr|Fig)\.$/;

/** Splits a stated reasoning into its steps, which are the sentences of its lines. */
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
