import {
  doubtsOf,
  doubtWords,
  headline,
  isUnderWay,
  meaningOf,
  placedItems,
  probabilityInWords,
  statusWords,
  surenessOf,
  understoodAs,
  type Answer,
  type AnswerStatus,
  type AnswerSummary,
} from '../../preload/contract/index.ts';

export { headline, meaningOf } from '../../preload/contract/index.ts';

/** How a status is drawn: never by colour alone. */
export interface StatusLook {
  /** In the list and for screen readers. */
  readonly word: string;
  readonly tone: 'accent' | 'dim' | 'warn' | 'bad';
  readonly mark: 'full' | 'ring' | 'dash' | 'exclamation' | 'square' | 'cross' | 'dots' | 'question';
}

const look = (status: AnswerStatus, tone: StatusLook['tone'], mark: StatusLook['mark']): StatusLook => ({
  word: statusWords[status].word,
  tone,
  mark,
});

export const statusLooks: Record<AnswerStatus, StatusLook> = {
  queued: look('queued', 'dim', 'dots'),
  running: look('running', 'accent', 'dots'),
  answered: look('answered', 'accent', 'full'),
  'answered-without-location': look('answered-without-location', 'accent', 'ring'),
  'not-visible': look('not-visible', 'dim', 'dash'),
  refused: look('refused', 'warn', 'question'),
  malformed: look('malformed', 'warn', 'exclamation'),
  stopped: look('stopped', 'dim', 'square'),
  failed: look('failed', 'bad', 'cross'),
};

/** What to doubt about an answer beyond its status, weightiest first: "unsure". Empty where nothing is. */
export function doubtsInWords({ status, doubts }: Pick<AnswerSummary, 'status' | 'doubts'>): string {
  // One that is refused says by its status that its question was not taught.
  if (isUnderWay(status) || status === 'refused') return '';
  return doubts.map((doubt) => doubtWords[doubt]).join(', ');
}

/** What a screen reader hears when an answer has come to its end. */
export function spoken(answer: Answer, warning: string | null): string {
  const parts = [headline(answer)];
  const sureness = surenessOf(answer);
  if (sureness !== null) parts.push(`probability ${probabilityInWords(sureness.probability)}`);
  const doubts = doubtsInWords({ status: answer.status, doubts: doubtsOf(answer) });
  if (doubts !== '') parts.push(doubts);
  const boxes = placedItems(answer).length;
  if (answer.status === 'answered' && boxes > 0)
    parts.push(boxes === 1 ? 'box drawn on the frame' : `${boxes} boxes drawn on the frame`);
  const understood = understoodAs(answer);
  if (understood !== null) parts.push(understood.replace('Understood', 'understood'));
  const meaning = meaningOf(answer) || (answer.error?.message ?? '');
  if (meaning) parts.push(meaning);
  return warning === null ? parts.join(', ') : `${parts.join(', ')}. ${warning}`;
}
