import {
  answerWarning,
  placeOfLabel,
  placesSaid,
  type Answer,
  type Size,
} from '../../preload/contract/index.ts';

/**
 * Whether the words of an answer name a place and its box lies there. False where they disagree, and where there is
 * nothing to compare: silence is no agreement. `size` is that of the source frame.
 */
export function wordsAndBoxAgree(
  answer: Pick<Answer, 'status' | 'label' | 'box' | 'reasoning'>,
  question: string,
  size: Size,
): boolean {
  if (answer.status !== 'answered' || answer.box === null) return false;
  const placed =
    placesSaid(answer.reasoning, question).length > 0 ||
    (answer.label !== null && placeOfLabel(answer.label) !== null);
  return placed && answerWarning(answer, question, size) === null;
}
