import type { Edit } from '../../../preload/contract/changes.ts';
import type { VerdictCommand } from '../../../preload/contract/commands.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import type { Answer } from '../../../preload/contract/domain.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { Box, type Size } from '../../../preload/contract/values.ts';
import {
  awaitsVerdict,
  canBeJudged,
  leastBoxSide,
  mostLabelLength,
  reasoningSteps,
  verdictId,
  Judgement,
  type MarkedStep,
  type Verdict,
} from '../../../preload/contract/verdicts.ts';
import { checkedName, checkedNote, refusal } from './texts.ts';

/** What a command on an answer is planned from. */
export interface JudgedAnswer {
  readonly answer: Answer;
  /** Size of the picture that it is about, in source pixels. */
  readonly picture: Size;
  /** What this person says of it so far; null for nothing. */
  readonly verdict: Verdict | null;
  readonly actor: ActorId;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * The edits of a verdict, or of a part of one. Empty where all is so already.
 *
 * @throws WorkstationError `busy` for an answer that is not there yet, `invalid-input` with what is wrong
 */
export function planVerdict(state: JudgedAnswer, command: VerdictCommand): Edit[] {
  const { answer, verdict: before, actor } = state;
  const { id: answerId, questionId } = answer;
  if (!canBeJudged(answer.status)) throw nothingToJudge(answer);
  const open: Verdict = before ?? { answerId, questionId, actor, judgement: null, marks: [], note: '' };
  const after = next(open, state, command);
  const isEmpty = after.judgement === null && after.marks.length === 0 && after.note === '';
  return [{ entity: 'verdict', id: verdictId(answerId, actor), before, after: isEmpty ? null : after }];
}

function next(open: Verdict, state: JudgedAnswer, command: VerdictCommand): Verdict {
  const { answer, now: at } = state;
  const judged = (judgement: Judgement): Verdict =>
    isSame(open.judgement, judgement) ? open : { ...open, judgement };
  switch (command.name) {
    case 'verdict.accept':
      if (!awaitsVerdict(answer.status)) throw nothingToAccept();
      return judged({ decision: 'accepted', at });
    case 'verdict.reject':
      return judged({ decision: 'rejected', at, reason: command.reason });
    case 'verdict.correct':
      return judged(correction(state, command));
    case 'verdict.mark':
      return { ...open, marks: withMark(open.marks, answer.reasoning, command) };
    case 'verdict.note':
      return { ...open, note: checkedNote(command.note) };
    case 'verdict.reopen':
      return { ...open, judgement: null };
  }
}

/** A decision that was taken before stays with its time. */
function isSame(one: Judgement | null, other: Judgement): boolean {
  const timeless = (judgement: Judgement): string => JSON.stringify(Judgement.parse({ ...judgement, at: 0 }));
  return one !== null && timeless(one) === timeless(other);
}

function correction(
  { answer, picture, now: at }: JudgedAnswer,
  given: Extract<VerdictCommand, { name: 'verdict.correct' }>,
): Judgement {
  if (answer.items.length > 0) {
    throw refusal(
      'An answer that names several things can’t be corrected as one label with one box.',
      'Accept it, or reject it with a reason and write in a note what is true.',
    );
  }
  const label = checkedLabel(given.label);
  const box = given.box === null ? null : checkedBox(given.box, picture);
  if (label === answer.label && JSON.stringify(box) === JSON.stringify(answer.box)) {
    throw refusal(
      'This is what the model answered: there is nothing to correct.',
      'Accept the answer, or change its label or its box.',
    );
  }
  return { decision: 'corrected', at, label, box };
}

function checkedLabel(given: string): string {
  const label = checkedName(given, mostLabelLength, 'A label');
  if (label === '') throw refusal('A correction needs a label.', 'Type one, or choose one of the model’s.');
  return label;
}

function checkedBox(corners: readonly [number, number, number, number], { width, height }: Size): Box {
  const [x1, y1, x2, y2] = corners;
  if (!(x2 - x1 >= leastBoxSide && y2 - y1 >= leastBoxSide)) {
    throw refusal(
      `A box is ${leastBoxSide} pixels wide and high at least; this one is ${shown(x2 - x1)} × ${shown(y2 - y1)}.`,
      'Draw it larger, or say that there is no place to point at.',
    );
  }
  if (!(x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height)) {
    throw refusal(
      `The box reaches out of the frame, which is ${width} × ${height}: ${corners.map(shown).join(', ')}.`,
      'Draw it within the frame.',
    );
  }
  return Box.parse([...corners]);
}

const shown = (value: number): string => String(Math.round(value * 10) / 10);

function withMark(
  marks: readonly MarkedStep[],
  reasoning: string,
  { step, mark }: Extract<VerdictCommand, { name: 'verdict.mark' }>,
): MarkedStep[] {
  const steps = reasoningSteps(reasoning);
  const marked = steps[step];
  if (marked === undefined) {
    throw refusal(
      steps.length === 0
        ? 'This answer has no reasoning to mark.'
        : `This reasoning has ${steps.length} steps: there is no step ${step + 1}.`,
      'Mark a step that is shown.',
    );
  }
  const { from, to } = marked;
  const others = marks.filter((other) => other.from !== from);
  return mark === null ? others : [...others, { from, to, mark }].sort((one, other) => one.from - other.from);
}

const nothingToAccept = (): WorkstationError =>
  refusal(
    'There is no answer here that could be accepted.',
    'Ask again, reject it, or correct it by saying what is true.',
  );

function nothingToJudge({ status }: Answer): WorkstationError {
  return status === 'failed'
    ? refusal('This answer failed: there is nothing to judge.', 'Ask again.')
    : new WorkstationError(
        'busy',
        'This answer is still being written.',
        'Wait until it has ended, or stop it; then judge it.',
      );
}
