import type { Answer } from './domain.ts';
import { lexicon } from './reading/lexicon.ts';
import { instruments } from './vocabulary.ts';

const spoken = (name: string): string => name.replaceAll('_', ' ').toLowerCase();
const names = new RegExp(
  `(?<![a-z])(?:${instruments.map((name) => spoken(name).replaceAll(' ', '[ _]')).join('|')})(?![a-z])`,
  'g',
);

/** What the words and the answer name: each instrument as often as it is named, a thing such as blood once. */
export interface NamesSaid {
  readonly words: readonly string[];
  readonly answer: readonly string[];
}

/**
 * What an answer and its reasoning name, where these differ; null where they name the same.
 *
 * The instruments, where they are as many and others: an answer to "which instruments are in view" that names one of them
 * twice and leaves out the other, though the reasoning has both. Where there are more or fewer of them, the words may speak
 * of what is not asked. And a thing that an answer names among several, and that its words have under no name: "blood" among
 * the instruments in view.
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
