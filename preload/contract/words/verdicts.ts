import { visibleText } from '../visible-text.ts';
import type { Decision, Judgement, RejectReason, StepMark } from '../verdicts.ts';

/** A word and a sign for each decision; `open` is for an answer that waits for one. */
export const decisionWords: Readonly<Record<Decision | 'open', { word: string; sign: string }>> = {
  open: { word: 'open', sign: '○' },
  accepted: { word: 'accepted', sign: '✓' },
  corrected: { word: 'corrected', sign: '✎' },
  rejected: { word: 'rejected', sign: '✕' },
};

export const rejectReasonWords: Readonly<Record<RejectReason, string>> = {
  'wrong-label': 'wrong label',
  'wrong-place': 'wrong place',
  both: 'wrong label and place',
  'not-answerable': 'not answerable here',
};

export const stepMarkWords: Readonly<Record<StepMark, { word: string; sign: string }>> = {
  right: { word: 'right', sign: '✓' },
  wrong: { word: 'wrong', sign: '✕' },
  'not-visible': { word: 'not visible', sign: '–' },
};

/** A judgement in words: "rejected: wrong place", "corrected to Idle", "accepted". The label is shown as it was given. */
export function judgementInWords(judgement: Judgement): string {
  const { word } = decisionWords[judgement.decision];
  if (judgement.decision === 'corrected') return `${word} to ${judgement.label}`;
  if (judgement.decision !== 'rejected') return word;
  const why = rejectionInWords(judgement);
  return why === null ? word : `${word}: ${why}`;
}

/** Why an answer was rejected, in the site's own words if it has some; null if no reason was given. */
export const rejectionInWords = ({
  reason,
  words,
}: Pick<Extract<Judgement, { decision: 'rejected' }>, 'reason' | 'words'>): string | null =>
  words === undefined ? (reason === null ? null : rejectReasonWords[reason]) : visibleText(words);
