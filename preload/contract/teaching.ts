import { z } from 'zod';
import { dressedAs, isAdverb } from './reading/dressing.ts';
import { mended } from './reading/slips.ts';
import { asksNothingOf, QuestionSense } from './reading/sense.ts';
import { isShortForm } from './reading/sentence.ts';
import { slipsBetween } from './spelling.ts';
import { instruments } from './vocabulary.ts';

/** One kind of question that a model was taught. Words are in small letters. */
export const TaughtKind = z.object({
  kind: z.string().min(1),
  /** A wording that the model knows well, with `{subject}` in place of a name. Without this, the kind has no subject. */
  example: z.string().min(1),
  /** The words with which its wordings begin. A question that begins otherwise, such as with "is", asks something else. */
  openings: z.array(z.string().min(1)).min(1),
  /** Every word of its wordings, except names. */
  words: z.array(z.string().min(1)).min(1),
  /** The names about which it can be asked. */
  subjects: z.array(z.string().min(1)),
  /**
   * `any` marks a kind with so many wordings that no single word is typical of it. Otherwise, a question without a name must
   * have a content word of the example, such as "organ".
   */
  about: z.literal('any').optional(),
});
export type TaughtKind = z.infer<typeof TaughtKind>;

/** The questions that a model was taught, as its maker states them. */
export const ModelTeaching = z.object({
  kinds: z.array(TaughtKind).min(1),
  /** Tells what a question asks that is worded in another way; missing where the maker fitted none. */
  sense: QuestionSense.optional(),
});
export type ModelTeaching = z.infer<typeof ModelTeaching>;

/** How a question compares with what a model was taught. */
export interface QuestionExam {
  readonly taught: boolean;
  /** Words with a meaning of their own that occur in no question which the model was taught. */
  readonly untaughtWords: readonly string[];
  /**
   * Questions that the model was taught and that share with this one what is asked or what it is about, each ready to be
   * asked; empty if `taught`, or if nothing that was taught is near.
   */
  readonly rewrites: readonly string[];
}

/** Words that do not tell what is asked. A question needs more than these and a name. */
const fillers = new Set(
  'a an and at be by can do does for here in is it me of on or the this to view with'.split(' '),
);
/** Words that only hold a sentence together. It would explain no refusal that a model never met one of them. */
const functionWords = new Set([
  ...fillers,
  ...'across after again against all along alongside already although amid among and another any anybody anyone around at'.split(
    ' ',
  ),
  ...'away back before behind below beneath beside besides between beyond both but by down during each either else ever'.split(
    ' ',
  ),
  ...'every everybody everyone everything first further hence hers herself himself however inside instead itself just last'.split(
    ' ',
  ),
  ...'least like maybe mine most near next of often once one only onto other others ought ours ourselves outside past per'.split(
    ' ',
  ),
  ...'perhaps quite rather same since somebody someone something sometimes somewhere soon still such than therefore though'.split(
    ' ',
  ),
  ...'thus till together toward towards twice unless upon usually very via well whatever whenever wherever whoever within'.split(
    ' ',
  ),
  ...'yet yourself'.split(' '),
  ...'about also am any are as because been being but could did does doing done from had has have he her him his how'.split(
    ' ',
  ),
  ...'i if into its let may me might must my myself off ok okay our out over own please shall she should so some'.split(
    ' ',
  ),
  ...'thank thanks that their them then there these they those through too under until up upon us was we were'.split(
    ' ',
  ),
  ...'what when where whether which while who whom whose why will would you your yours'.split(' '),
]);
const mostRewrites = 4;

/** Brings names into one form, so that "bipolar_forceps" and "Bipolar forceps" are the same. */
const plain = (text: string): string => text.toLowerCase().replaceAll('_', ' ');

/** The words of a text in small letters, with the apostrophes and hyphens inside them. */
export function wordsOf(text: string): string[] {
  return plain(text.normalize('NFKC')).match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** The position in `words` at which the words of `name` follow each other; -1 if there is none. */
function findName(words: readonly string[], name: readonly string[]): number {
  return words.findIndex((_, start) => name.every((word, i) => words[start + i] === word));
}

/** The words without those of `name`, if these follow each other there. */
export function withoutName(words: readonly string[], name: readonly string[]): readonly string[] {
  const at = findName(words, name);
  return at < 0 ? words : [...words.slice(0, at), ...words.slice(at + name.length)];
}

interface Split {
  /** The subject that the question names in full; null if there is none. */
  readonly subject: string | null;
  /** The words besides the subject. */
  readonly rest: readonly string[];
}

/** Splits the longest known name off a question. */
function splitOff(words: readonly string[], subjects: readonly string[]): Split {
  const byLength = [...subjects].sort((a, b) => wordsOf(b).length - wordsOf(a).length);
  for (const subject of byLength) {
    const name = wordsOf(subject);
    const rest = withoutName(words, name);
    if (rest.length < words.length) return { subject, rest };
  }
  return { subject: null, rest: words };
}

/**
 * Whether a question is of a kind that the model was taught: all its words occur in that kind's wordings, it names what the
 * kind is about, and it asks something. This matters because a model answers any other question just as surely: one that
 * was taught three kinds took "Is there bleeding?" for the question about the organ and said "kidney".
 */
export const isTaught = (text: string, { kinds, sense }: ModelTeaching): boolean => {
  const words = wordsOf(text);
  // "What is a stapler?" has no other words than "What is the stapler doing?".
  return kinds.some(
    (kind) =>
      isOfKind(words, kind) && !(sense && asksNothingOf(text, sense, surelyNothing[kind.about ?? 'own'])),
  );
};

/**
 * A question all of whose words were taught is declined if its arrangement is so likely to ask something else. Of a kind with so many
 * words that no single one is typical, less is enough: "which organ is bleeding" has only words of its wordings.
 */
const surelyNothing = { any: 0.8, own: 0.9 } as const;

/** Tells whether a model was taught a question (see {@link isTaught}) and, if not, what to ask instead. */
export function examineQuestion(text: string, teaching: ModelTeaching): QuestionExam {
  const words = wordsOf(text);
  if (isTaught(text, teaching)) {
    return { taught: true, untaughtWords: [], rewrites: [] };
  }
  const known = new Set(
    teaching.kinds.flatMap(({ words: taught, subjects }) => [...taught, ...subjects.flatMap(wordsOf)]),
  );
  const untaughtWords = [...new Set(words.filter((word) => !known.has(word) && !saysNothing(word)))];
  return { taught: false, untaughtWords, rewrites: rewritesOf(words, teaching) };
}

/** Whether a word tells nothing of what is asked, so that it would explain no refusal. */
const saysNothing = (word: string): boolean =>
  functionWords.has(word) || isShortForm(word) || isAdverb(word) || dressedAs(word).length > 0;

/** One question of each kind that a model was taught, for a person whose own question is near none of them. */
export const askable = ({ kinds }: ModelTeaching): string[] =>
  kinds.map(({ example, subjects }) => example.replace('{subject}', plain(ownNamesFirst(subjects)[0] ?? '')));

function isOfKind(
  words: readonly string[],
  { words: taught, openings, subjects, example, about }: TaughtKind,
): boolean {
  if (!openings.includes(words[0] ?? '')) return false;
  const { subject, rest } = splitOff(words, subjects);
  const named = example.includes('{subject}');
  // A question of a kind without a subject must have the content word of its example, such as "organ".
  const marked = (): boolean => about === 'any' || contentOf(example).some((word) => rest.includes(word));
  if (named ? subject === null : !marked()) return false;
  if (named && splitOff(rest, subjects).subject !== null) return false;
  const set = new Set(taught);
  if (!rest.every((word) => set.has(word))) return false;
  // "Smoke in view?" asks whether there is some, but for other kinds a name with fillers asks nothing.
  return (named && about === 'any') || rest.some((word) => !fillers.has(word));
}

const contentOf = (example: string): string[] =>
  wordsOf(example.replace('{subject}', '')).filter((word) => !fillers.has(word) && !asking.has(word));
const asking = new Set('what which where how who when why being operated'.split(' '));

/** Whether two words are the same, singular and plural. */
const isSame = (a: string, b: string): boolean => a === b || a === `${b}s` || b === `${a}s`;

/** The same, or a long word with typing errors. */
const alike = (a: string, b: string): boolean =>
  isSame(a, b) ||
  (Math.min(a.length, b.length) >= 5 && slipsBetween(a, b) <= (Math.min(a.length, b.length) >= 7 ? 2 : 1));

/**
 * Questions that the model was taught, the most similar first. They are about the subjects that the question names in part
 * ("the forceps") and of the kinds whose words it uses, with each kind once before any kind twice.
 */
function rewritesOf(words: readonly string[], { kinds }: ModelTeaching): string[] {
  const scored = kinds.map((kind) => {
    const names = new Set(kind.subjects.flatMap(wordsOf));
    const content = kind.words.filter(
      (word) => !functionWords.has(word) && !asking.has(word) && !names.has(word),
    );
    return {
      kind,
      // Words such as "where" count less than a content word of the kind.
      hits:
        2 * words.filter((word) => content.some((taught) => alike(word, taught))).length +
        (alike(words[0] ?? '', wordsOf(kind.example)[0] ?? '') ? 1 : 0),
      subjects: ownNamesFirst(kind.subjects)
        .map((subject) => ({ subject, hits: hitsOf(words, wordsOf(subject)) }))
        .filter(({ hits }) => hits > 0)
        .sort((a, b) => b.hits - a.hits)
        .filter(({ hits }, _, [best]) => hits === best?.hits)
        .map(({ subject }) => subject),
    };
  });
  const nearest = scored
    // What shares neither a name nor a word of its own with the question would only seem to be near.
    .filter(({ kind, subjects }) =>
      kind.example.includes('{subject}')
        ? subjects.length > 0
        : contentOf(kind.example).some((word) => word !== 'view' && words.some((own) => isSame(own, word))),
    )
    .sort((a, b) => Number(b.subjects.length > 0) - Number(a.subjects.length > 0) || b.hits - a.hits);
  const made: string[] = [];
  for (let round = 0; made.length < mostRewrites && round < mostRewrites; round++) {
    for (const { kind, subjects } of nearest) {
      const about = subjects.length > 0 ? subjects : ownNamesFirst(kind.subjects).slice(0, 1);
      const subject = about[round];
      if (!kind.example.includes('{subject}')) {
        if (round === 0) made.push(kind.example);
      } else if (subject !== undefined) made.push(kind.example.replace('{subject}', plain(subject)));
    }
  }
  return [...new Set(made)].slice(0, mostRewrites);
}

/** Puts full names first, so that suggestions use them: "bipolar" alone is understood, but is no name to show. */
const ownNamesFirst = (subjects: readonly string[]): string[] => {
  const own = new Set<string>(instruments);
  return [...subjects].sort((one, other) => Number(own.has(other)) - Number(own.has(one)));
};

/** Parts of names that say what something is like, and name nothing alone. */
const qualities = new Set(['large', 'curved']);

/** How many words of a name a question has, misspelt ones counted as the word of the field that they stand for. */
function hitsOf(words: readonly string[], name: readonly string[]): number {
  const found = name.filter(
    (part) =>
      !functionWords.has(part) &&
      words.some((word) => isSame(word, part) || isSame(mended(word) ?? '', part)),
  );
  return found.every((part) => qualities.has(part)) ? 0 : found.length;
}
