import type { Answer } from './domain.ts';
import { instruments } from './vocabulary.ts';

const spoken = (name: string): string => name.replaceAll('_', ' ').toLowerCase();
const names = new RegExp(
  `(?<![a-z])(?:${instruments.map((name) => spoken(name).replaceAll(' ', '[ _]')).join('|')})(?![a-z])`,
  'g',
);

/** Instruments that the words and the answer name, each as often as it is named. */
export interface NamesSaid {
  readonly words: readonly string[];
  readonly answer: readonly string[];
}

/**
 * The instruments of an answer and of its reasoning, where they are as many and others: an answer to "which instruments
 * are in view" that names one of them twice and leaves out the other, though the reasoning has both. Null where they are
 * the same. Where there are more or fewer of them, the words may speak of what is not asked: nothing is said then.
 */
export function otherNames({
  label,
  items,
  reasoning,
}: Pick<Answer, 'label' | 'reasoning'> & Partial<Pick<Answer, 'items'>>): NamesSaid | null {
  const given = items !== undefined && items.length > 0 ? items.map((item) => item.label) : [label ?? ''];
  const known = new Set<string>(instruments.map(spoken));
  const answer = given.map(spoken).filter((name) => known.has(name));
  const words = [...reasoning.toLowerCase().matchAll(names)].map(([name]) => spoken(name));
  if (answer.length === 0 || words.length !== answer.length) return null;
  const same = words.toSorted().join() === answer.toSorted().join();
  return same ? null : { words, answer };
}
