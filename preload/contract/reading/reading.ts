import {
  examineQuestion,
  isTaught,
  wordsOf,
  type ModelTeaching,
  type QuestionExam,
  type TaughtKind,
} from '../teaching.ts';
import type { Category } from './lexicon.ts';
import type { Intent } from './intents.ts';
import { exactPhrasings, nearPhrasings, type Phrasing } from './phrasings.ts';
import { changesSense, tellsOnly } from './sense-changers.ts';
import { lexiconOf, senseOf, type Sense } from './sense.ts';
import { sentenceOf, type Sentence } from './sentence.ts';

/** A question in words that a model was taught, which asks the same as the typed one. */
export interface QuestionReading {
  /** The kind of question, as the model's teaching names it. */
  readonly kind: string;
  /** What the model is asked, in words that it was taught. */
  readonly asked: string;
}

/** How a typed question is understood for a model that states what it was taught. */
export interface Understanding extends QuestionExam {
  /** Null if the question is asked as it was typed, or is not understood. */
  readonly reading: QuestionReading | null;
}

const mostRewrites = 4;
/** The most characters of a question that is read, since nobody needs more for one plain question. */
const longestRead = 240;

/**
 * Decides how to put a typed question to a model that was taught `teaching`: as typed if the model was taught these words, or
 * in the model's own words if they ask the same, or else not at all. They do if every word is understood and all of them fit a
 * pattern, or if the model's own statement tells what they ask. Otherwise the exam's result counts, with similar questions among
 * the rewrites, those of the likeliest meaning first.
 */
export function understandQuestion(text: string, teaching: ModelTeaching): Understanding {
  const exam = examineQuestion(text, teaching);
  const sentences = exam.taught ? null : sentencesOf(text);
  if (sentences === null) return { ...exam, reading: null };
  const read = readings(sentences, exactPhrasings, teaching);
  const sensed = senseReadings(text, teaching);
  const near = [
    ...read,
    ...(sharesSubject(sentences) || sensed.likely
      ? [
          ...readings(sentences, nearPhrasings, teaching),
          ...readings(sentences.map(understood), [...exactPhrasings, ...nearPhrasings], teaching),
          ...sensed.near,
        ]
      : []),
  ].map(({ asked }) => asked);
  const others = near.length >= 2 ? [] : exam.rewrites;
  const rewrites = [...new Set([...near, ...others])].slice(0, mostRewrites);
  return { ...exam, rewrites, reading: theReading(read, sensed) };
}

/** Only the reading of {@link understandQuestion}, which is quick enough to run at every key that a person types. */
export function readQuestion(text: string, teaching: ModelTeaching): QuestionReading | null {
  const sentences = isTaught(text, teaching) ? null : sentencesOf(text);
  if (sentences === null) return null;
  return theReading(readings(sentences, exactPhrasings, teaching), senseReadings(text, teaching));
}

/** What patterns say counts before what the classifier says: of several patterns that fit, none is chosen. */
function theReading(read: readonly QuestionReading[], sensed: SenseReadings): QuestionReading | null {
  if (read.length > 0) return read.length === 1 ? read[0]! : null;
  return sensed.reading;
}

/** Whether a question is about something that can be asked about at all; else nothing is offered as if it were near. */
const sharesSubject = (sentences: readonly Sentence[]): boolean =>
  sentences.some(
    ({ text, meanings }) =>
      meanings.some(({ category }) => category !== 'view' && category !== 'frame') ||
      /(?<= |^)(?:instruments?|tools?|devices?|organs?)(?= |$)/.test(text),
  );

interface SenseReadings {
  /** What the question asks; null where that is not sure. */
  readonly reading: QuestionReading | null;
  /** What it may ask, the likeliest first. */
  readonly near: readonly QuestionReading[];
  /** Whether it is likelier to ask one of those than anything else. */
  readonly likely: boolean;
}

/** A sense less likely than this is not offered among the rewrites. */
const leastOffered = 0.03;

function senseReadings(text: string, teaching: ModelTeaching): SenseReadings {
  const { sense } = teaching;
  const found = sense && text.trim().length <= longestRead ? sentenceOf(text, lexiconOf(sense)) : null;
  if (!sense || found === null) return { reading: null, near: [], likely: false };
  const { whole, direct } = found;
  const { ranked, unknown } = senseOf(direct.text, sense);
  const asked = (intent: Sense): QuestionReading[] =>
    intent === 'none' ? [] : inWordsOf(teaching, intent, direct);
  const near = ranked
    .filter(({ probability }) => probability >= leastOffered)
    .flatMap(({ sense: intent }) => asked(intent));
  const [top] = ranked;
  const certain =
    top !== undefined &&
    top.sense !== 'none' &&
    top.probability >= sense.threshold &&
    unknown.length === 0 &&
    !tellsOnly(whole.text) &&
    !changesSense(direct.text, top.sense) &&
    namesOnly(top.sense, direct);
  const meant = certain ? asked(top.sense) : [];
  return {
    reading: meant.length === 1 ? meant[0]! : null,
    near,
    likely: top !== undefined && top.sense !== 'none' && top.probability >= 0.5,
  };
}

/** Whether a sentence names nothing besides what such a question is about, and the picture. */
function namesOnly(intent: Intent, { meanings }: Sentence): boolean {
  const { about } = asking[intent];
  return meanings.every(
    ({ category }) => category === 'view' || category === 'frame' || about.includes(category),
  );
}

/** The sentence with and without the polite words before it; null if the text is too long to be a question, or no English. */
function sentencesOf(text: string): readonly Sentence[] | null {
  const found = text.trim().length > longestRead ? null : sentenceOf(text);
  return found && [found.whole, found.direct];
}

/** The sentence without the words that are not understood. */
function understood(sentence: Sentence): Sentence {
  const unknown = new Set(sentence.unknown);
  const words = sentence.text.split(' ').filter((word) => !unknown.has(word));
  return { ...sentence, text: words.join(' ') };
}

/** Every question that a sentence can mean and that the model can be asked, each once. */
function readings(
  sentences: readonly Sentence[],
  phrasings: readonly Phrasing[],
  teaching: ModelTeaching,
): QuestionReading[] {
  const found = new Map<string, QuestionReading>();
  for (const sentence of sentences) {
    // "In view" usually adds nothing, but may be the question itself, as in "suction in view?".
    const plain = [sentence.text, sentence.text.replaceAll(/ ?<view>/g, '').trim()];
    const texts = new Set(sentence.asks ? [...plain, ...plain.map((text) => `${text} ?`)] : plain);
    for (const { intent, pattern } of phrasings) {
      if (![...texts].some((text) => pattern.test(text))) continue;
      for (const reading of inWordsOf(teaching, intent, sentence)) found.set(reading.asked, reading);
    }
  }
  return [...found.values()];
}

/** The kinds of question that answer each intent, of which the first that a model was taught is asked, and in which words. */
const asking: Readonly<
  Record<Intent, { kinds: readonly string[]; about: readonly Category[]; words?: string }>
> = {
  state: { kinds: ['state'], about: ['tool'] },
  // A box tells where an organ is, but only a place in words tells in which part of the picture something is.
  location: { kinds: ['location', 'grounding'], about: ['tool', 'organ'] },
  place: { kinds: ['location'], about: ['tool'] },
  grounding: { kinds: ['grounding'], about: ['tool', 'organ'] },
  organ: { kinds: ['organ'], about: [] },
  instruments: { kinds: ['instruments'], about: [] },
  count: { kinds: ['count'], about: [] },
  presence: { kinds: ['presence'], about: ['tool', 'thing', 'sign'] },
  description: { kinds: ['description'], about: [] },
  doing: { kinds: ['relation'], about: ['act'], words: 'Which instrument is doing {subject}?' },
  furthest: {
    kinds: ['relation'],
    about: ['side', 'edge'],
    words: 'Which instrument is furthest {subject}?',
  },
  nearest: { kinds: ['relation'], about: ['thing'], words: 'Which instrument is nearest to the {subject}?' },
  touching: { kinds: ['relation'], about: [], words: 'Which instrument touches the organ?' },
};

/** The questions that answer an intent: one for each thing that may be meant, and none if the model was not taught any. */
function inWordsOf(teaching: ModelTeaching, intent: Intent, { meanings }: Sentence): QuestionReading[] {
  const { kinds, about, words } = asking[intent];
  const named = meanings.filter(({ category }) => about.includes(category));
  if (about.length > 0 && named.length !== 1) return [];
  const candidates = about.length > 0 ? named[0]!.candidates : [[]];
  return candidates.flatMap((names) => {
    for (const name of kinds) {
      const kind = teaching.kinds.find((taught) => taught.kind === name);
      if (kind === undefined) continue;
      const asked = worded(kind, words ?? kind.example, names);
      if (asked !== null) return [{ kind: name, asked }];
    }
    return [];
  });
}

/** A wording about the first of these names with which the model was taught it; null if it was taught none of them. */
function worded(kind: TaughtKind, wording: string, names: readonly string[]): string | null {
  const subjects = wording === kind.example ? known(kind, names) : names;
  // An example without a place for a subject, such as that of a relation, is no wording about one.
  const forms = wording.includes('{subject}')
    ? subjects.map((name) => wording.replace('{subject}', name))
    : [wording];
  return forms.find((asked) => isTaught(asked, { kinds: [kind] })) ?? null;
}

/** Those of these names about which the kind can be asked, as its teaching spells them. */
const known = ({ subjects }: TaughtKind, names: readonly string[]): string[] =>
  names.flatMap((name) =>
    subjects
      .filter((subject) => wordsOf(subject).join(' ') === wordsOf(name).join(' '))
      .map((subject) => subject.replaceAll('_', ' '))
      .slice(0, 1),
  );
