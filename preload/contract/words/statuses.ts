import type { Answer, AnswerStatus } from '../domain.ts';
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

/** The answer in one line, which is its label or what became of it. */
export function headline({ status, label }: Pick<Answer, 'status' | 'label'>): string {
  return label !== null && label !== '' && !withoutLabel.has(status)
    ? readable(label)
    : statusWords[status].headline;
}

/** What became of an answer, in a sentence; empty if its label says everything. */
export function meaningOf({
  status,
  label,
  raw,
  reasoning,
}: Pick<Answer, 'status' | 'label' | 'raw' | 'reasoning'>): string {
  if (status === 'refused' && label !== null) {
    return 'The model declines to answer: it was taught to tell what it can answer from what it cannot.';
  }
  if (status === 'stopped' && raw === '' && reasoning === '') {
    return 'Stopped before the model had begun. Ask again for an answer.';
  }
  return statusWords[status].meaning;
}
