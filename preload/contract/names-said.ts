import type { Answer } from './domain.ts';
import { lexicon } from './reading/lexicon.ts';
import { instruments } from './vocabulary.ts';

const spoken = (name: string): string => name.replaceAll('_', ' ').toLowerCase();
const names = new RegExp(
  `(?<![a-z])(?:${instruments.map((name) => spoken(name).replaceAll(' ', '[ _]')).join('|')})(?![a-z])`,
  'g',
);

/** The names in the words and in the answer. Instruments are listed as often as they are named, other things once. */
export interface NamesSaid {
  readonly words: readonly string[];
  readonly answer: readonly string[];
}

/**
 * The names in an answer and in its reasoning if they differ; null if both name the same.
 *
 * Instruments differ if both name equally many, but not the same: asked "which instruments are in view", the answer names one
 * of them twice and leaves out the other, which the reasoning has. If one names more of them, its words may be about something
 * that was not asked. Another thing differs if an answer has it among several, but its words under no name, such as "blood"
 * among the instruments in view.
 */
export function otherNames({
  label,
  items = [],
  reasoning,
}: Pick<Answer, 'label' | 'reasoning'> & Partial<Pick<Answer, 'items'>>): NamesSaid | null {
  const said = reasoning.toLowerCase();
  const given = (items.length > 0 ? items.map((item) => item.label) : [label ?? '']).map(spoken);
  const known = new Set<string>(instruments.map(spoken));
  const tools = given.filter((name) => known.has(name));
  const words = [...said.matchAll(names)].map(([name]) => spoken(name));
  const things = items.length > 1 && words.length > 0 ? [...new Set(given.filter(isThing))] : [];
  const unsaid = things.filter((thing) => !isSaid(thing, said));
  const others = tools.length === words.length && tools.toSorted().join() !== words.toSorted().join();
  if (unsaid.length === 0 && (tools.length === 0 || !others)) return null;
  const named = things.filter((thing) => !unsaid.includes(thing));
  return { words: [...named, ...words], answer: [...things, ...tools] };
}

const isThing = (name: string): boolean => ['thing', 'sign'].includes(lexicon.get(name)?.category ?? '');

/** Whether a thing is in the words under any of its names. */
const isSaid = (thing: string, words: string): boolean =>
  [...lexicon].some(
    ([phrase, { candidates }]) =>
      candidates.some((called) => called.includes(thing)) &&
      new RegExp(`(?<![a-z])${phrase}(?![a-z])`).test(words),
  );
