import {
  anotherEye,
  canBeJudged,
  isUnderWay,
  labelOfThings,
  readable,
  type Answer,
  type AnswerId,
  type Box,
  type Command,
  type CorrectedJudgement,
  type Judgement,
  type Video,
} from '../../preload/contract/index.ts';

/** One thing of a correction as far as it is typed and drawn. */
export interface DraftThing {
  /** Empty: the model's own, where it stands for one of the model's. */
  readonly label: string;
  readonly box: Box | null;
  /** Which of the model's things it stands for, from 0; null for one that the model did not name. */
  readonly from: number | null;
}

/** A correction as far as it is typed and drawn. */
export interface Draft {
  readonly answerId: AnswerId;
  /** One, unless the answer names several; none where all were taken out. */
  readonly things: readonly DraftThing[];
  /** Which of them the fields and the box editor are about. */
  readonly active: number;
  /** Whether the answer names several things, which come and go. */
  readonly several: boolean;
  /** When the decision was taken that was on show at the beginning; null for none. */
  readonly since: number | null;
}

/** Why an answer can't be judged now; null where it can. */
export function whyNotJudged(answer: Pick<Answer, 'status'> | null): string | null {
  if (answer === null) return 'No answer is chosen';
  if (isUnderWay(answer.status)) return 'The answer is still being written';
  return canBeJudged(answer.status) ? null : 'This answer failed: there is nothing to judge';
}

/** Why no box of an answer can be drawn now: the picture of another eye is on show. Null where it is the answer's own. */
export function otherPicture(answer: Pick<Answer, 'frame'>, video: Pick<Video, 'eye'>): string | null {
  const other = anotherEye(answer.frame?.eye, video.eye);
  return other && `${other} To correct it, choose that picture again, under the picture’s controls.`;
}

/** The draft of a correction at its beginning: as the person corrected it before, else as the model has it. */
export function beginDraft(answer: Answer, judgement: Judgement | null): Draft {
  const corrected = judgement?.decision === 'corrected' ? judgement : null;
  const several = answer.items.length > 0;
  const rest = { answerId: answer.id, active: 0, several, since: judgement?.at ?? null };
  if (!several) {
    const { label, box } = corrected ?? { label: '', box: answer.box };
    return { ...rest, things: [{ label, box, from: 0 }] };
  }
  const things = corrected?.things ?? answer.items.map(({ box }, from) => ({ label: '', box, from }));
  return { ...rest, things };
}

/** What the model calls the thing that a draft's thing stands for; null where there is none. */
export function modelLabelOf(answer: Pick<Answer, 'label' | 'items'>, { from }: DraftThing): string | null {
  if (from === null) return null;
  return answer.items.length > 0 ? (answer.items[from]?.label ?? null) : answer.label;
}

/** The model's box of the thing that a draft's thing stands for. */
export function modelBoxOf(answer: Pick<Answer, 'box' | 'items'>, { from }: DraftThing): Box | null {
  if (from === null) return null;
  return answer.items.length > 0 ? (answer.items[from]?.box ?? null) : answer.box;
}

/** The command that keeps a draft. `spelt` gives a typed label the spelling that is known of it. */
export function commandOf(
  draft: Draft,
  answer: Pick<Answer, 'label' | 'items'>,
  spelt: (label: string) => string,
): Extract<Command, { name: 'verdict.correct' | 'verdict.correct-things' }> {
  const { answerId, since } = draft;
  const things = draft.things.map((thing) => ({
    label: thing.label.trim() === '' ? (modelLabelOf(answer, thing) ?? '') : spelt(thing.label),
    box: thing.box === null ? null : ([...thing.box] as [number, number, number, number]),
    from: thing.from,
  }));
  if (draft.several) return { name: 'verdict.correct-things', answerId, things, since };
  const { label, box } = things[0] ?? { label: '', box: null };
  return { name: 'verdict.correct', answerId, label, box, since };
}

/** The label that a correction will have, as it is read. */
export const labelIn = (command: ReturnType<typeof commandOf>): string =>
  command.name === 'verdict.correct'
    ? readable(command.label)
    : labelOfThings(command.things.map(({ label }) => ({ label: readable(label) })));

/** The boxes of a draft's list, but for the one that is edited. */
export const boxesBeside = (
  { things, active }: Draft,
  answer: Pick<Answer, 'label' | 'items'>,
): { label: string; box: Box }[] =>
  things.flatMap((thing, index) =>
    thing.box === null || index === active
      ? []
      : [{ label: thing.label || (modelLabelOf(answer, thing) ?? ''), box: thing.box }],
  );

/** A draft with one more thing, which is the chosen one then. */
export const withAnother = ({ things }: Draft): Partial<Draft> => ({
  things: [...things, { label: '', box: null, from: null }],
  active: things.length,
});

/** A draft without its chosen thing. */
export const withoutActive = ({ things, active }: Draft): Partial<Draft> => ({
  things: things.filter((_, index) => index !== active),
  active: Math.max(0, Math.min(active, things.length - 2)),
});

/** How one thing of a person's list stands to the model's. */
export type ThingChange = 'same' | 'label' | 'box' | 'both' | 'added';

export interface ComparedThing {
  readonly label: string;
  readonly box: Box | null;
  readonly change: ThingChange;
  /** What the model has in its place; null where it has nothing. */
  readonly model: Answer['items'][number] | null;
}

/** A person's list beside the model's: each thing with what became of it, and what of the model's is left out. */
export function comparedThings(
  { items }: Pick<Answer, 'items'>,
  things: NonNullable<CorrectedJudgement['things']>,
): { things: ComparedThing[]; removed: Answer['items'] } {
  const compared = things.map(({ label, box, from }): ComparedThing => {
    const model = from === null ? null : (items[from] ?? null);
    if (model === null) return { label, box, change: 'added', model };
    const relabelled = readable(model.label) !== readable(label);
    const moved = JSON.stringify(model.box) !== JSON.stringify(box);
    const change = relabelled ? (moved ? 'both' : 'label') : moved ? 'box' : 'same';
    return { label, box, change, model };
  });
  return {
    things: compared,
    removed: items.filter((_, index) => !things.some(({ from }) => from === index)),
  };
}
