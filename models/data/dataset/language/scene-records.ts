import type { Random } from '../../scenes/random.ts';
import { join } from '../grammar.ts';
import type { Split, Wording } from '../record.ts';
import { REFUSALS, type RefusalReason } from './answers.ts';
import { drawForm } from './forms.ts';
import { CLASSES, NAMES, RICH_HELD_OUT, RICH_WORDINGS } from './questions.ts';
import { casual, drawRefusal, nonsense } from './refusals.ts';
import { wideQuestion, wideRefusal } from './wide.ts';
import { sceneQuestions, type KnownScene, type SceneQuestion } from './scene-questions.ts';

/** A question of a scene in words, or one that is to be refused. */
export type WordedQuestion = Omit<SceneQuestion, 'topic' | 'named' | 'said'> & {
  question: string;
  wording: Wording;
};

/** Share of all questions of a picture that are to be refused. */
export const REFUSED_SHARE = 0.15;
/** Of the relations that a scene has, and of its instruments' tips, so many are asked about. */
const RELATIONS = 3;
const TIPS = 1;
/** Share of training questions in their plain form, and in a wide wording. */
const PLAIN = 0.1;
const WIDE = 0.7;
/** Share of the training questions to be declined that are built as those are that can be answered. */
const WIDE_REFUSALS = 0.5;

/**
 * The questions of the richer kinds about one scene, each in one wording, and those that are to be refused: their
 * number is {@link REFUSED_SHARE} of all that is asked of the picture, `others` among it.
 */
export function wordedQuestions(
  scene: KnownScene,
  others: number,
  split: Split,
  random: Random,
): WordedQuestion[] {
  const all = sceneQuestions(scene, random);
  const some = (test: (question: SceneQuestion) => boolean, count: number): SceneQuestion[] => {
    const left = all.filter(test);
    return Array.from(
      { length: Math.min(count, left.length) },
      () => left.splice(random.integer(0, left.length - 1), 1)[0]!,
    );
  };
  const asked = [
    ...all.filter(({ questionType }) => questionType !== 'relation' && questionType !== 'state'),
    ...some(({ questionType }) => questionType === 'relation', RELATIONS),
    ...some(({ questionType }) => questionType === 'state', TIPS),
  ].map((question) => worded(question, split, random));
  const wanted = ((others + asked.length) * REFUSED_SHARE) / (1 - REFUSED_SHARE);
  const refused = Math.floor(wanted) + (random.chance(wanted % 1) ? 1 : 0);
  return [...asked, ...Array.from({ length: refused }, () => refusal(split, random))];
}

function worded(
  { topic, named, said, ...question }: SceneQuestion,
  split: Split,
  random: Random,
): WordedQuestion {
  const wish: Wording =
    split === 'test'
      ? random.pick(['dataset', 'paraphrase', 'held-out', 'held-out-words'])
      : random.chance(PLAIN)
        ? 'dataset'
        : random.chance(WIDE / (1 - PLAIN))
          ? 'wide'
          : 'paraphrase';
  if (wish === 'wide') {
    const text = wideQuestion(random, topic, { subject: question.subject, named });
    if (text !== null) return { ...question, question: text, wording: wish };
  }
  const [plain, ...others] = RICH_WORDINGS[topic];
  const names = named === null ? null : NAMES[named];
  if (wish === 'held-out-words') {
    // A name of the subject's own that training never says, or another word of the wording.
    const form =
      names !== null && random.chance(0.5) ? null : drawForm(random, random.pick(others), CLASSES, true);
    const subject = form === null ? names?.heldOut : names?.taught;
    if (form !== null || subject !== undefined) {
      const text = form ?? drawForm(random, random.pick(others), CLASSES)!;
      return {
        ...question,
        question: casual(random, filled(text, subject ? random.pick(subject) : said)),
        wording: wish,
      };
    }
  }
  const wording = wish === 'held-out-words' ? 'held-out' : wish === 'wide' ? 'paraphrase' : wish;
  const template =
    wording === 'dataset' ? plain : random.pick(wording === 'held-out' ? RICH_HELD_OUT[topic] : others);
  const text = drawForm(random, template, CLASSES)!;
  const name = names === null ? said : wording === 'dataset' ? names.taught[0]! : random.pick(names.taught);
  const complete = filled(text, name);
  return { ...question, question: wording === 'dataset' ? complete : casual(random, complete), wording };
}

/** A name with an article of its own takes the place of the one before it: "the a clipped vessel" is no English. */
function filled(text: string, name: string | null): string {
  if (name === null) return text;
  const bare = name.replace(/^an? /, '');
  const told = text
    .replace(/\b(?:any|some|the) \{subject\}/i, (found) => found.replace('{subject}', bare))
    .replace('{subject}', name);
  return told.charAt(0).toUpperCase() + told.slice(1);
}

function refusal(split: Split, random: Random): WordedQuestion {
  const reason: RefusalReason = random.chance(0.55) ? 'picture' : 'question';
  const drawn =
    split === 'test' ? random.pick(['paraphrase', 'held-out', 'held-out-words'] as const) : 'paraphrase';
  const wide =
    split !== 'test' && random.chance(WIDE_REFUSALS) ? wideRefusal(random, reason, nonsense) : null;
  return {
    questionType: 'refusal',
    subject: reason,
    question: wide ?? drawRefusal(random, reason, drawn === 'paraphrase' ? 'taught' : drawn),
    wording: wide === null ? drawn : 'wide',
    label: REFUSALS[reason],
    box: null,
    reasoning:
      reason === 'picture'
        ? join(['That', 'presence'], ' is about the operation, and', [' no picture', 'cue'], ' tells it.')
        : join(['That', 'presence'], ' is', [' no question', 'cue'], ' about what is seen here.'),
  };
}
