import { absentLabel } from '../../../../preload/contract/coherence.ts';
import type { Box } from '../../../../preload/contract/values.ts';

/** The labels of the richer kinds of question, and which of them have no place in the picture. */

export const YES = 'yes';
export const NO = 'no';

export const REFUSALS = {
  /** About the operation, but nothing that can be seen in one picture: advice, prognosis, diagnosis, other organs. */
  picture: 'cannot be told from this picture',
  /** Greetings, other languages, other subjects, orders, nonsense. */
  question: 'not a question that I was taught',
} as const;
export type RefusalReason = keyof typeof REFUSALS;

/** Most instruments of one scene. */
export const MOST_COUNTED = 4;
/** Counts as they are written: "1" to "4". */
export const COUNTS = Array.from({ length: MOST_COUNTED }, (_, i) => String(i + 1));

/** Whether a label never has a box: there is nothing to be shown. */
export const isPlaceless = (label: string): boolean =>
  label === absentLabel || label === NO || (Object.values(REFUSALS) as string[]).includes(label);

/** Whether a label says that what was asked for is not there, so that its reasoning begins with "No". */
export const saysNothingThere = (label: string): boolean => label === absentLabel || label === NO;

/** One object of an answer's text. */
export interface AnswerEntry {
  label: string;
  box: Box | null;
}

/** The label of an answer that is a list of names and no more. */
export const listLabel = (items: readonly { label: string }[]): string =>
  items.map((item) => item.label).join(', ');

/**
 * What a list answer writes: its items, and before them its label without a box, where that says more than their
 * names, such as a count or "yes".
 */
export function listEntries(label: string, items: readonly { label: string; box: Box }[]): AnswerEntry[] {
  return label === listLabel(items) ? [...items] : [{ label, box: null }, ...items];
}
