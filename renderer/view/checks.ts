import {
  answerWarning,
  askedOf,
  boxAsGiven,
  pictureGiven,
  doubtsOf,
  placesSaid,
  type Answer,
  type Box,
  type PlaceSaid,
  type Size,
} from '../../preload/contract/index.ts';

/** A box lies on a side of the frame's middle where at least this share of its extent does. */
const onSide = 2 / 3;

/**
 * Whether the reasoning of an answer names a place and its box plainly lies there, so that a person may be told so.
 * False where they disagree, where there is nothing to compare, where the box lies across the middle that the words
 * speak of, and where there is a doubt about the answer: a mark of agreement must not make such an answer look sure. `size` is
 * that of the source frame.
 */
export function wordsAndBoxAgree(
  answer: Pick<Answer, 'status' | 'label' | 'box' | 'reasoning' | 'probability' | 'evidence'> &
    Partial<Pick<Answer, 'frame'>>,
  question: string,
  size: Size,
): boolean {
  const { status, reasoning } = answer;
  const box = boxAsGiven(answer, answer.box);
  const given = pictureGiven(answer, size);
  if (status !== 'answered' || box === null || doubtsOf(answer).length > 0) return false;
  // The remains of a form are no sentence, whatever words stand in them.
  if (/[{}<>]/.test(reasoning)) return false;
  const places = placesSaid(reasoning, askedOf(answer, question));
  return (
    places.length > 0 &&
    places.every((place) => liesAt(place, box, given)) &&
    answerWarning(answer, question, size) === null
  );
}

function liesAt({ horizontal, vertical }: PlaceSaid, [x1, y1, x2, y2]: Box, size: Size): boolean {
  const before = (from: number, to: number, middle: number): number =>
    Math.min(1, Math.max(0, (middle - from) / (to - from)));
  const left = before(x1, x2, size.width / 2);
  const top = before(y1, y2, size.height / 2);
  return (
    (horizontal === null || (horizontal === 'left' ? left : 1 - left) >= onSide) &&
    (vertical === null || (vertical === 'top' ? top : 1 - top) >= onSide)
  );
}
