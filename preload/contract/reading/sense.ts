import { z } from 'zod';
import { intents, type Intent } from './intents.ts';
import { dressedAs, isAdverb, respelt, withoutPhrases } from './dressing.ts';
import { sentenceOf } from './sentence.ts';
import { TaughtName, lexiconWith, type Meaning } from './lexicon.ts';

/**
 * What a sentence asks, told by a linear classifier over its words and over neighbours among them. It was fitted to the questions
 * that a model was taught, against those that it was taught to decline, so it knows the order of words, which a list of words does not.
 */

/** What a question can ask, with `none` for what the model does not answer. */
export const senses = [...intents, 'none'] as const;
export type Sense = Intent | 'none';

/** The classifier, as a model's statement carries it. */
export const QuestionSense = z
  .object({
    /** The words of the questions that were taught, those said in passing too. Any other word is unknown. */
    words: z.array(z.string().min(1)).min(1),
    /** What can be asked about, with the names that the model was taught for it. */
    names: z.array(TaughtName),
    /** What it tells apart, in the order of the weights. */
    senses: z.array(z.enum(senses)).min(2),
    buckets: z.int().min(64).max(65_536),
    /** The weight of one step of the whole numbers in `weights`. */
    step: z.number().positive(),
    /** Base64 of whole numbers from -127 to 127, one of each sense for each bucket, then one of each sense for any sentence. */
    weights: z.base64(),
    /** A sentence is read as what it most likely asks if that is at least so likely. */
    threshold: z.number().min(0).max(1),
    fittedTo: z.string().min(1),
  })
  .refine(({ weights, buckets, senses: all }) => atobLength(weights) === (buckets + 1) * all.length, {
    message: 'the weights are not one of each sense for each bucket and one more',
    path: ['weights'],
  });
export type QuestionSense = z.infer<typeof QuestionSense>;

const atobLength = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (/=*$/.exec(text)?.[0].length ?? 0);

/** 32-bit FNV-1a of a text's UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The buckets of a sentence's words, of pairs and triples of neighbours, and of pairs with one word between. */
export function bucketsOf(tokens: readonly string[], buckets: number): number[] {
  const padded = ['^', ...tokens, '$'];
  const slots = tokens
    .filter((token) => token.startsWith('<') && !token.startsWith('<?'))
    .toSorted()
    .join('');
  const features = [`slots ${slots}`, `first ${tokens[0] ?? ''} ${tokens[1] ?? ''} ${slots}`];
  for (const [i, token] of padded.entries()) {
    features.push(token);
    const next = padded[i + 1];
    const after = padded[i + 2];
    if (next !== undefined) features.push(`${token} ${next}`);
    if (after !== undefined) features.push(`${token} ${next} ${after}`, `${token} _ ${after}`);
  }
  return [...new Set(features.map((feature) => hash(feature) % buckets))];
}

interface Opened {
  readonly lexicon: ReadonlyMap<string, Meaning>;
  readonly words: ReadonlySet<string>;
  readonly weights: Int8Array;
}
const opened = new WeakMap<QuestionSense, Opened>();

function open(sense: QuestionSense): Opened {
  const known = opened.get(sense);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(atob(sense.weights), (letter) => letter.charCodeAt(0));
  const found = {
    lexicon: lexiconWith(sense.names),
    words: new Set(sense.words),
    weights: new Int8Array(bytes.buffer),
  };
  opened.set(sense, found);
  return found;
}

/** The lexicon in which sentences are to be read before their sense is told. */
export const lexiconOf = (sense: QuestionSense): ReadonlyMap<string, Meaning> => open(sense).lexicon;

/** A taught word for a word: itself, in singular or plural, one of its kind, or what it stands for if it is misspelt. */
function taughtWord(word: string, words: ReadonlySet<string>): string | null {
  const forms = [word, `${word}s`, ...(word.endsWith('s') ? [word.slice(0, -1)] : [])];
  const known = [...forms, ...dressedAs(word)].find((form) => words.has(form));
  return known ?? null;
}

/** The words of a sentence as the classifier knows them, and those that it doesn't know. */
export function tokensOf(text: string, words: ReadonlySet<string>): { tokens: string[]; unknown: string[] } {
  const unknown: string[] = [];
  const said = withoutPhrases(text)
    .split(' ')
    .filter((word) => word !== '');
  const tokens = said.map((word) => {
    if (word.startsWith('<')) return word;
    const known = taughtWord(word, words);
    if (known !== null) return known;
    if (isAdverb(word)) return '<?ly>';
    const right = respelt(word);
    const meant = right === null ? null : isAdverb(right) ? '<?ly>' : taughtWord(right, words);
    if (meant !== null) return meant;
    unknown.push(word);
    return '<?>';
  });
  return { tokens, unknown };
}

export interface Sensed {
  /** Every sense with its probability, the likeliest first. */
  readonly ranked: readonly { readonly sense: Sense; readonly probability: number }[];
  /** Words that no taught question has. */
  readonly unknown: readonly string[];
}

/** What a sentence, with its names replaced by `<tool>` and so on, most likely asks. */
export function senseOf(text: string, sense: QuestionSense): Sensed {
  const { words, weights } = open(sense);
  const { tokens, unknown } = tokensOf(text, words);
  const count = sense.senses.length;
  const sums = Array.from({ length: count }, (_, i) => weights[sense.buckets * count + i]!);
  for (const bucket of bucketsOf(tokens, sense.buckets)) {
    for (let i = 0; i < count; i++) sums[i]! += weights[bucket * count + i]!;
  }
  const most = Math.max(...sums);
  const shares = sums.map((sum) => Math.exp((sum - most) * sense.step));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const ranked = sense.senses
    .map((name, i) => ({ sense: name, probability: shares[i]! / total }))
    .toSorted((one, other) => other.probability - one.probability);
  return { ranked, unknown };
}

/** Whether a text, in whatever words, asks what the model was taught to decline, at least so likely. */
export function asksNothingOf(text: string, sense: QuestionSense, atLeast: number): boolean {
  const found = sentenceOf(text, lexiconOf(sense));
  if (found === null) return false;
  const [top] = senseOf(found.direct.text, sense).ranked;
  return top?.sense === 'none' && top.probability >= atLeast;
}
