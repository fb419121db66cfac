import { lexiconWith, type TaughtName } from '../../../preload/contract/reading/lexicon.ts';
import {
  bucketsOf,
  senses,
  tokensOf,
  type QuestionSense,
  type Sense,
} from '../../../preload/contract/reading/sense.ts';
import { sentenceOf } from '../../../preload/contract/reading/sentence.ts';
import { Random } from '../scenes/random.ts';
import { NAMES } from './language/questions.ts';
import { drawSenseBuild, type SENSE_BUILDS } from './language/sense-builds.ts';
import { DEEDS, SIDES, WIDE_NAMES } from './language/wide-words.ts';

/** Fits the classifier that tells what a question asks to the questions of a train split: see `reading/sense.ts`. */

export interface SensedQuestion {
  readonly question: string;
  readonly sense: Sense;
}

const BUCKETS = 4096;
const ROUNDS = 6;
const RATE = 0.15;
/** Pulls weights towards 0, so that pairs of words that were met once or twice decide little. */
const DECAY = 2e-6;
/** A word that so few taught questions have is no word that people use in passing. */
const LEAST_MET = 4;
/** Share of the words that are taken for unknown in a round, so that neighbours of unknown words are learnt. */
const MASKED = 0.06;

/** Share of the sentences whose end is put first in a round, since people turn a question round without asking another. */
const TURNED = 0.15;

/** Chosen on questions typed for it, none of which is in any split. */
const THRESHOLD = 0.85;

const THINGS = new Set(['smoke', 'blood', 'thread', 'needle', 'clipped_vessel', 'staples', 'gel']);

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[_-]/g, ' ')
    .replaceAll(/(?<= |^)(?:an?|the) /g, '');

/** The names by which the training questions call what they ask about. */
export const TAUGHT_NAMES: readonly TaughtName[] = [
  ...Object.entries(NAMES).map(([name, { taught }]): TaughtName => ({
    category: THINGS.has(name) ? 'thing' : 'tool',
    name: bare(taught[0]!),
    said: [...new Set([...taught, ...WIDE_NAMES[name as keyof typeof WIDE_NAMES]].map(bare))],
  })),
  ...Object.values(DEEDS).map(({ nouns, does, doing }): TaughtName => ({
    category: 'act',
    name: bare(nouns[0]!),
    said: [...new Set([...nouns, ...does, ...doing].map(bare).filter((text) => text.includes(' ')))],
  })),
  ...Object.entries(SIDES).map(([side, said]): TaughtName => ({
    category: 'edge',
    name: side,
    said: [...new Set(said.map(bare))],
  })),
];

interface Row {
  readonly text: string;
  readonly sense: number;
}

/** How many questions of these builds are drawn beside those of the data set. */
const DRAWN: Readonly<Record<keyof typeof SENSE_BUILDS, number>> = {
  organ: 2500,
  location: 4000,
  grounding: 4000,
  none: 28_000,
};

function drawnBuilds(random: Random): SensedQuestion[] {
  return (Object.keys(DRAWN) as (keyof typeof SENSE_BUILDS)[]).flatMap((sense) =>
    Array.from({ length: DRAWN[sense] }, () => drawSenseBuild(random, sense)).flatMap((question) =>
      question === null ? [] : [{ question, sense }],
    ),
  );
}

/** The classifier for these questions. */
export function fitSense(questions: readonly SensedQuestion[], seed = 1): QuestionSense {
  const lexicon = lexiconWith(TAUGHT_NAMES);
  const random = new Random(seed);
  const seen = new Map<string, Row & { times: number }>();
  for (const { question, sense } of [...questions, ...drawnBuilds(random)]) {
    const text = sentenceOf(question, lexicon)?.direct.text;
    if (!text) continue;
    const times = (seen.get(`${sense} ${text}`)?.times ?? 0) + 1;
    seen.set(`${sense} ${text}`, { text, sense: senses.indexOf(sense), times });
  }
  // The few wordings of a kind that is asked often weigh more than one sentence each, and less than all of theirs.
  const rows: Row[] = [...seen.values()].flatMap(({ text, sense, times }) =>
    Array.from({ length: 1 + Math.floor(Math.log2(times) / 2) }, () => ({ text, sense })),
  );
  const none = senses.indexOf('none');
  const met = new Map<string, number>();
  for (const { text, sense } of rows) {
    if (sense === none) continue;
    for (const word of new Set(text.split(' ')))
      if (!word.startsWith('<')) met.set(word, (met.get(word) ?? 0) + 1);
  }
  const words = new Set(
    [...met]
      .filter(([, times]) => times >= LEAST_MET)
      .map(([word]) => word)
      .sort(),
  );
  const count = senses.length;
  const weights = new Float32Array((BUCKETS + 1) * count);
  const squares = new Float32Array(weights.length).fill(1e-8);
  const shares = new Float64Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = rows.length - 1; i > 0; i--) {
      const j = random.integer(0, i);
      [rows[i], rows[j]] = [rows[j]!, rows[i]!];
    }
    for (const { text, sense } of rows) {
      const { tokens: said } = tokensOf(text, words);
      const turn = random.next() < TURNED ? random.integer(1, Math.max(1, said.length - 1)) : 0;
      const tokens = [...said.slice(turn), ...said.slice(0, turn)];
      for (let i = 0; i < tokens.length; i++) {
        if (!tokens[i]!.startsWith('<') && random.next() < MASKED)
          tokens[i] = random.next() < 0.3 ? '<?ly>' : '<?>';
      }
      const found = bucketsOf(tokens, BUCKETS);
      found.push(BUCKETS);
      shares.fill(0);
      for (const bucket of found) for (let k = 0; k < count; k++) shares[k]! += weights[bucket * count + k]!;
      const top = Math.max(...shares);
      let total = 0;
      for (let k = 0; k < count; k++) total += shares[k] = Math.exp(shares[k]! - top);
      for (let k = 0; k < count; k++) {
        const error = shares[k]! / total - (k === sense ? 1 : 0);
        if (Math.abs(error) < 1e-4) continue;
        for (const bucket of found) {
          const at = bucket * count + k;
          const slope = error + DECAY * weights[at]! * 1e3;
          squares[at]! += slope * slope;
          weights[at]! -= (RATE * slope) / Math.sqrt(squares[at]!);
        }
      }
    }
  }
  let largest = 0;
  for (const value of weights) largest = Math.max(largest, Math.abs(value));
  const step = largest / 127;
  const whole = Int8Array.from(weights, (value) => Math.round(value / step));
  return {
    words: [...words],
    names: [...TAUGHT_NAMES],
    senses: [...senses],
    buckets: BUCKETS,
    step,
    weights: Buffer.from(whole.buffer).toString('base64'),
    threshold: THRESHOLD,
    fittedTo: `${rows.length} sentences of ${questions.length} questions that were taught or to be declined, and of drawn ones`,
  };
}
