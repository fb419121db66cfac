import type { Answer, AnswerStatus } from '../domain.ts';
import { wasKeptBackForPicture, type Doubt } from '../doubts.ts';
import { readable } from './answers.ts';

/** The wording for a status of an answer in every length, so that window, saved pictures and command line say the same. */
export interface StatusWords {
  /** One or two words for a list, or beside a label: "stopped". */
  readonly word: string;
  /** The answer in one line, if it has no label to show or its label is not the point. */
  readonly headline: string;
  /** A sentence for the person who has to check the answer; empty if the label says everything. */
  readonly meaning: string;
}

export const statusWords: Readonly<Record<AnswerStatus, StatusWords>> = {
  queued: {
    word: 'waiting',
    headline: 'Waiting',
    meaning: 'Waits for its turn: the model has not begun.',
  },
  running: { word: 'thinking', headline: 'Thinking', meaning: 'The model is still writing.' },
  answered: { word: 'answered', headline: 'Answered', meaning: '' },
  'answered-without-location': {
    word: 'no location',
    headline: 'Answered',
    meaning: 'Answered without location: the model gave a label but no usable box.',
  },
  'not-visible': {
    word: 'not visible',
    headline: 'Not visible',
    meaning: 'The model says that this is not visible in the frame.',
  },
  refused: {
    word: 'not taught',
    headline: 'Not a question it was taught',
    meaning: 'The model was not taught this kind of question, so nothing was asked of it.',
  },
  malformed: {
    word: 'malformed',
    headline: 'Malformed answer',
    meaning: 'The model’s text holds no answer that can be read. Its raw output is kept below.',
  },
  stopped: {
    word: 'stopped',
    headline: 'Stopped',
    meaning: 'Stopped before the model had finished. What it had written is kept.',
  },
  failed: { word: 'failed', headline: 'No answer', meaning: '' },
};

/** Statuses whose headline is shown even if the model gave a label. */
const withoutLabel: ReadonlySet<AnswerStatus> = new Set([
  ...(['queued', 'running', 'not-visible', 'malformed', 'failed'] as const),
]);

/** How it is said that nothing was asked because of the picture, and not of the question. */
const keptBackForPicture: StatusWords = {
  word: 'unlike picture',
  headline: 'Not a picture like those it was taught with',
  meaning:
    'This picture is unlike those that the model was taught with. Your site’s settings then want no answer, so nothing was asked of it.',
};

/** An answer, or its summary in a list. */
interface Told extends Pick<Answer, 'status' | 'label'> {
  readonly evidence?: Answer['evidence'];
  readonly doubts?: readonly Doubt[];
}

/** The words for what became of an answer. */
export const outcomeWords = (answer: Told): StatusWords =>
  wasKeptBackForPicture(answer) ? keptBackForPicture : statusWords[answer.status];

/** The answer in one line, which is its label or what became of it. */
export function headline(answer: Told): string {
  const { status, label } = answer;
  return label !== null && label !== '' && !withoutLabel.has(status)
    ? readable(label)
    : outcomeWords(answer).headline;
}

/** What became of an answer, in a sentence; empty if its label says everything. */
export function meaningOf(answer: Told & Pick<Answer, 'raw' | 'reasoning'>): string {
  const { status, label, raw, reasoning } = answer;
  if (status === 'refused' && label !== null) {
    return 'The model declines to answer: it was taught to tell what it can answer from what it cannot.';
  }
  if (status === 'stopped' && raw === '' && reasoning === '') {
    return 'Stopped before the model had begun. Ask again for an answer.';
  }
  return outcomeWords(answer).meaning;
}
