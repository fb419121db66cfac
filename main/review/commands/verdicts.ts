import type { Edit } from '../../../preload/contract/changes.ts';
import type { VerdictCommand } from '../../../preload/contract/commands.ts';
import type { ActorId } from '../../../preload/contract/context.ts';
import type { Answer, AnswerItem } from '../../../preload/contract/domain.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Corners } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import {
  awaitsVerdict,
  canBeJudged,
  labelOfThings,
  mostLabelLength,
  mostRejectWords,
  mostThings,
  reasoningSteps,
  verdictId,
  Judgement,
  type MarkedStep,
  type OwnThing,
  type Verdict,
} from '../../../preload/contract/verdicts.ts';
import { judgementInWords } from '../../../preload/contract/words/verdicts.ts';
import { checkedBox } from './boxes.ts';
import { checkedName, checkedNote, refusal } from './texts.ts';

/** The state from which a command on an answer is planned. */
export interface JudgedAnswer {
  readonly answer: Answer;
  /** Size of the picture that the answer is about, in source pixels, for checking boxes. */
  readonly picture: Size;
  /** This person's verdict so far; null if there is none. */
  readonly verdict: Verdict | null;
  readonly actor: ActorId;
  /** Hash of the site settings in force; null if there are none. */
  readonly site: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * Plans the edits of a verdict, or of a part of one. An edit that changes nothing is not recorded.
 *
 * @throws WorkstationError `busy` for an answer that is still being written, `invalid-input` with what is wrong
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

/** Refuses a command that would replace a decision which the person does not see, as they took it in another window. */
function mustBeSeen(present: Judgement | null, since: number | null | undefined): void {
  if (since === undefined || (present?.at ?? null) === since) return;
  const now = present === null ? 'it was opened again' : `it is ${judgementInWords(present)} now`;
  throw new WorkstationError(
    'changed-since',
    `You decided on this answer in another window meanwhile: ${now}.`,
    'Look at that decision. Keep yours again to put it in its place, or leave it.',
  );
}

function next(open: Verdict, state: JudgedAnswer, command: VerdictCommand): Verdict {
  const { answer, now: at, site } = state;
  const judged = (judgement: Judgement): Verdict =>
    isSame(open.judgement, judgement)
      ? open
      : { ...open, judgement: site === null ? judgement : { ...judgement, site } };
  switch (command.name) {
    case 'verdict.accept':
      if (!awaitsVerdict(answer.status)) throw nothingToAccept();
      return judged({ decision: 'accepted', at });
    case 'verdict.reject':
      return judged({ decision: 'rejected', at, reason: command.reason, ...ownWords(command.words) });
    case 'verdict.correct':
      mustBeSeen(open.judgement, command.since);
      return judged(correction(state, command));
    case 'verdict.correct-things':
      mustBeSeen(open.judgement, command.since);
      return judged(correctedThings(state, command.things));
    case 'verdict.mark':
      return { ...open, marks: withMark(open.marks, answer.reasoning, command) };
    case 'verdict.note':
      return { ...open, note: checkedNote(command.note) };
    case 'verdict.reopen':
      return { ...open, judgement: null };
  }
}

/** The site's words for a rejection; none if they are left out or empty. */
function ownWords(given: string | undefined): { words?: string } {
  const words = checkedName(given ?? '', mostRejectWords, 'A reason');
  return words === '' ? {} : { words };
}

/**
 * Whether two decisions differ at most in their time and in the settings of the site at that time, so that taking the same one
 * again keeps the first.
 */
function isSame(one: Judgement | null, other: Judgement): boolean {
  const timeless = ({ site: _site, ...judgement }: Judgement): string =>
    JSON.stringify(Judgement.parse({ ...judgement, at: 0 }));
  return one !== null && timeless(one) === timeless(other);
}

function correction(
  { answer, picture, now: at }: JudgedAnswer,
  given: Extract<VerdictCommand, { name: 'verdict.correct' }>,
): Judgement {
  if (answer.items.length > 0) {
    throw refusal(
      'An answer that names several things can’t be corrected as one label with one box.',
      'Correct each of the things that it names.',
    );
  }
  const label = checkedLabel(given.label);
  const box = given.box === null ? null : ownBox(given.box, answer.box, picture);
  if (label === answer.label && JSON.stringify(box) === JSON.stringify(answer.box)) {
    throw refusal(
      'This is what the model answered: there is nothing to correct.',
      'Accept the answer, or change its label or its box.',
    );
  }
  return { decision: 'corrected', at, label, box };
}

function correctedThings(
  { answer, picture, now: at }: JudgedAnswer,
  given: Extract<VerdictCommand, { name: 'verdict.correct-things' }>['things'],
): Judgement {
  const { items } = answer;
  if (items.length === 0) {
    throw refusal('This answer names one thing, not a list.', 'Correct its label or its box.');
  }
  if (given.length > mostThings) {
    throw refusal(
      `A correction names ${mostThings} things at most, and this one names ${given.length}.`,
      'Take some out, and write the rest into a note.',
    );
  }
  const taken = given.flatMap(({ from }) => from ?? []);
  if (new Set(taken).size < taken.length || taken.some((from) => from >= items.length)) {
    throw refusal(
      `The answer names ${items.length} things, and each can be corrected once.`,
      'Begin the correction again from the answer.',
    );
  }
  const things = given.map(({ label, box, from }, index): OwnThing => {
    const which = given.length > 1 ? ` of thing ${index + 1}` : '';
    return {
      label: checkedLabel(label, which),
      box:
        box === null ? null : ownBox(box, from === null ? null : (items[from]?.box ?? null), picture, which),
      from,
    };
  });
  if (things.length === items.length && things.every((thing, index) => isAsGiven(thing, items[index]!))) {
    throw refusal(
      'This is what the model answered: there is nothing to correct.',
      'Accept the answer, or change, add or remove a thing.',
    );
  }
  return { decision: 'corrected', at, label: labelOfThings(things), box: null, things };
}

/** Checks a person's box, but not the model's own, which may be smaller: a person who leaves it corrects something else. */
const ownBox = (corners: Corners, model: Box | null, picture: Size, which = ''): Box =>
  model !== null && corners.every((edge, index) => edge === model[index])
    ? model
    : checkedBox(corners, picture, which);

const isAsGiven = (own: OwnThing, { label, box }: AnswerItem): boolean =>
  own.label === label && JSON.stringify(own.box) === JSON.stringify(box);

/** Checks a person's label. `which` names the thing in messages if there are several, such as " of thing 2". */
function checkedLabel(given: string, which = ''): string {
  const label = checkedName(given, mostLabelLength, `A label${which && `, that${which},`}`);
  if (label !== '') return label;
  throw refusal(
    which === '' ? 'A correction needs a label.' : `The label${which} is missing.`,
    'Type one, or choose one of the model’s.',
  );
}

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
