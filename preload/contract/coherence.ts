import { instrumentNamed, placeOfLabel, placesSaid, type PlaceSaid } from './place-words.ts';
import type { Box, Size } from './values.ts';
import { instruments } from './vocabulary.ts';

export { placeOfLabel, placesSaid, type PlaceSaid } from './place-words.ts';

/** The label of an answer that something is not in sight. */
export const absentLabel = 'not visible';

/** Share of the frame's width and height within which a box's centre belongs to both sides of a middle line. */
export const middleTolerance = 0.02;

/** A side of each middle line of the frame; null if the words name none, or the box lies on the line. */
export type Sides = Pick<PlaceSaid, 'horizontal' | 'vertical'>;

export type FindingKind =
  /** The reasoning places it where the box is not. */
  | 'reasoning-place'
  /** The label is a place, but the box lies elsewhere. */
  | 'label-place'
  /** The reasoning says that it is not in sight, but there is a box. */
  | 'reasoning-absent'
  /** The reasoning names a place for what the label calls not visible. */
  | 'absent-place'
  /** The label is of something in sight, but there is no box. */
  | 'box-missing'
  /** There is a box for what the label calls not visible. */
  | 'box-unexpected';

export interface Finding {
  readonly kind: FindingKind;
  /** The words that disagree, as written; '' if only the box is at fault. */
  readonly said: string;
  /** The text in which these words stand, and `[start, end)` in it. */
  readonly source: 'reasoning' | 'label';
  readonly range: readonly [number, number] | null;
  /** The sides that the words name; null if they name no place. */
  readonly saidSides: Sides | null;
  /** Where the centre of the box lies; null without a box. */
  readonly boxSides: Sides | null;
}

export interface Coherence {
  readonly coherent: boolean;
  readonly findings: readonly Finding[];
}

export interface Told {
  readonly reasoning: string;
  readonly label: string | null;
  /** In pixels of an image of `size`. */
  readonly box: Box | null;
  readonly size: Size;
  /** The question, which tells the subject if the reasoning speaks of several instruments. */
  readonly question?: string;
}

/** Whether a label says that nothing is in sight, however its spaces and letters are written. */
export function isAbsentLabel(label: string): boolean {
  return (
    label
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, ' ') === absentLabel
  );
}

/**
 * The sides of the frame's middle lines on which the centre of the box lies. A centre within
 * {@link middleTolerance} of a line lies on neither side: it agrees with both.
 */
export function sidesOfBox(box: Box, { width, height }: Size): Sides {
  const across = (box[0] + box[2]) / 2 - width / 2;
  const down = (box[1] + box[3]) / 2 - height / 2;
  return {
    horizontal: Math.abs(across) <= middleTolerance * width ? null : across < 0 ? 'left' : 'right',
    vertical: Math.abs(down) <= middleTolerance * height ? null : down < 0 ? 'top' : 'bottom',
  };
}

/**
 * Multimodal coherence of one answer, after Surgery-R1 (arXiv 2506.19469, which publishes no formula; this one is
 * ours): do its words and its box tell one story? Place words of the reasoning and a label that is a place must
 * agree with the centre of the box; every label except "not visible" needs a box, and that one must have none; and
 * reasoning that says "not visible" must have no box. A label that could not be read is not checked.
 *
 * models/training/rewards.py restates this; test/fixtures/coherence/cases.json ties the two.
 */
export function checkCoherence({ reasoning, label, box, size, question = '' }: Told): Coherence {
  const findings: Finding[] = [];
  const boxSides = box && sidesOfBox(box, size);
  const add = (
    kind: FindingKind,
    source: Finding['source'],
    words: Omit<PlaceSaid, keyof Sides> | null,
    saidSides: Sides | null,
  ): void => {
    findings.push({
      kind,
      said: words?.text ?? '',
      source,
      range: words?.range ?? null,
      saidSides,
      boxSides,
    });
  };
  const absent = label !== null && isAbsentLabel(label);
  for (const place of placesSaid(reasoning, question)) {
    if (boxSides && !agrees(place, boxSides)) add('reasoning-place', 'reasoning', place, sidesOf(place));
    if (absent && !box) add('absent-place', 'reasoning', place, sidesOf(place));
  }
  const named = label === null ? null : placeOfLabel(label);
  if (named && boxSides && !agrees(named, boxSides)) add('label-place', 'label', named, sidesOf(named));
  if (box && absent && label !== null)
    add('box-unexpected', 'label', { text: label, range: [0, label.length] }, null);
  if (!box && label !== null && !absent)
    add('box-missing', 'label', { text: label, range: [0, label.length] }, null);
  const gone = box && absenceSaid(reasoning, question);
  if (gone) add('reasoning-absent', 'reasoning', gone, null);
  return { coherent: findings.length === 0, findings };
}

const sidesOf = ({ horizontal, vertical }: Sides): Sides => ({ horizontal, vertical });

function agrees(said: Sides, box: Sides): boolean {
  const fits = (one: string | null, two: string | null): boolean =>
    one === null || two === null || one === two;
  return fits(said.horizontal, box.horizontal) && fits(said.vertical, box.vertical);
}

const thing = `(${[...instruments.map((name) => name.replaceAll('_', '[ _]')), 'instrument', 'tool', 'organ'].join('|')})`;
const notInSight =
  '(?:is (?:clearly |currently )?(?:not (?:clearly )?(?:visible|seen|present|shown|in (?:the )?view|in the frame|' +
  "in the picture)|absent|out of view)|isn['’]t (?:visible|seen|present)|(?:cannot|can not|can['’]t) be (?:seen|found))";
const absences = [
  // No suction is seen in this view. No such instrument is present.
  `(?:^|[^A-Za-z])(no (?:such )?${thing} (?:is|can be|was) (?:seen|visible|present|found|shown))(?![A-Za-z])`,
  // The suction is not visible. It cannot be seen. Not: the tip of the suction is not visible.
  `(?:^|[.!?\\n,;:] ?|(?:^|[^A-Za-z])(?:so|and|but|that) )((?:it|(?:the |this )?${thing}) ${notInSight})(?![A-Za-z])`,
].map((pattern) => new RegExp(pattern, 'gi'));

/**
 * The first words by which the reasoning says that its subject is not in sight. Words about another instrument than the one
 * that `question` names do not count.
 */
export function absenceSaid(reasoning: string, question = ''): Pick<PlaceSaid, 'text' | 'range'> | null {
  const asked = instrumentNamed(question);
  for (const pattern of absences) {
    for (const match of reasoning.matchAll(pattern)) {
      const [all, said = '', name = ''] = match;
      const named = instrumentNamed(name);
      if (asked !== null && named !== null && named !== asked) continue;
      const end = match.index + all.length;
      return { text: said, range: [end - said.length, end] };
    }
  }
  return null;
}

/** A place in plain words: "upper left", "left of the middle", "in the middle". */
export function sidesInWords({ horizontal, vertical }: Sides): string {
  if (horizontal && vertical) return `${vertical === 'top' ? 'upper' : 'lower'} ${horizontal}`;
  if (horizontal) return `${horizontal} of the middle`;
  if (vertical) return vertical === 'top' ? 'above the middle' : 'below the middle';
  return 'in the middle';
}
