import {
  doubtsOf,
  doubtWords,
  isUnderWay,
  placedItems,
  probabilityInWords,
  surenessOf,
  type Answer,
  type AnswerStatus,
} from '../../preload/contract/index.ts';
import { readable } from './format.ts';

/** How a status is drawn: never by colour alone. */
export interface StatusLook {
  /** In the list and for screen readers. */
  readonly word: string;
  /** What it means, for the person who has to check the answer. */
  readonly meaning: string;
  readonly tone: 'accent' | 'dim' | 'warn' | 'bad';
  readonly mark: 'full' | 'ring' | 'dash' | 'exclamation' | 'square' | 'cross' | 'dots' | 'question';
}

export const statusLooks: Record<AnswerStatus, StatusLook> = {
  queued: {
    word: 'waiting',
    meaning: 'Waits for its turn: the model has not begun.',
    tone: 'dim',
    mark: 'dots',
  },
  running: { word: 'thinking', meaning: 'The model is still writing.', tone: 'accent', mark: 'dots' },
  answered: { word: 'answered', meaning: '', tone: 'accent', mark: 'full' },
  'answered-without-location': {
    word: 'no location',
    meaning: 'Answered without location: the model gave a label but no usable box.',
    tone: 'accent',
    mark: 'ring',
  },
  'not-visible': {
    word: 'not visible',
    meaning: 'The model says that this is not visible in the frame.',
    tone: 'dim',
    mark: 'dash',
  },
  refused: {
    word: 'not taught',
    meaning: 'The model was not taught this kind of question, so nothing was asked of it.',
    tone: 'warn',
    mark: 'question',
  },
  malformed: {
    word: 'malformed',
    meaning: 'The model’s text holds no answer that can be read. Its raw output is kept below.',
    tone: 'warn',
    mark: 'exclamation',
  },
  stopped: {
    word: 'stopped',
    meaning: 'Stopped before the model had finished. What it had written is kept.',
    tone: 'dim',
    mark: 'square',
  },
  failed: { word: 'failed', meaning: '', tone: 'bad', mark: 'cross' },
};

/** The answer in one line: its label, or what became of it. */
export function headline(answer: Answer): string {
  switch (answer.status) {
    case 'queued':
      return 'Waiting';
    case 'running':
      return 'Thinking';
    case 'not-visible':
      return 'Not visible';
    case 'refused':
      return answer.label ? readable(answer.label) : 'Not a question it was taught';
    case 'malformed':
      return 'Malformed answer';
    case 'failed':
      return 'No answer';
    case 'stopped':
      return answer.label ? readable(answer.label) : 'Stopped';
    default:
      return answer.label ? readable(answer.label) : 'Answered';
  }
}

/** What became of an answer, in a sentence; empty where its label says it all. */
export function meaningOf({
  status,
  label,
  raw,
  reasoning,
}: Pick<Answer, 'status' | 'label' | 'raw' | 'reasoning'>): string {
  if (status === 'refused' && label !== null)
    return 'The model declines to answer: it was taught to tell what it can answer from what it cannot.';
  if (status === 'stopped' && raw === '' && reasoning === '')
    return 'Stopped before the model had begun. Ask again for an answer.';
  return statusLooks[status].meaning;
}

/** What to doubt about an answer beyond its status, weightiest first: "unsure". Empty where nothing is. */
export function doubtsInWords(answer: Answer | undefined): string {
  // One that is refused says by its status that its question was not taught.
  if (answer === undefined || isUnderWay(answer.status) || answer.status === 'refused') return '';
  return doubtsOf(answer)
    .map((doubt) => doubtWords[doubt])
    .join(', ');
}

/** What a screen reader hears when an answer has come to its end. */
export function spoken(answer: Answer, warning: string | null): string {
  const parts = [headline(answer)];
  const sureness = surenessOf(answer);
  if (sureness !== null) parts.push(`probability ${probabilityInWords(sureness.probability)}`);
  const doubts = doubtsInWords(answer);
  if (doubts !== '') parts.push(doubts);
  const boxes = placedItems(answer).length;
  if (answer.status === 'answered' && boxes > 0)
    parts.push(boxes === 1 ? 'box drawn on the frame' : `${boxes} boxes drawn on the frame`);
  const meaning = meaningOf(answer) || (answer.error?.message ?? '');
  if (meaning) parts.push(meaning);
  return warning === null ? parts.join(', ') : `${parts.join(', ')}. ${warning}`;
}
