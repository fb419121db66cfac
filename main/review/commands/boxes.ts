import type { Corners } from '../../../preload/contract/boxes.ts';
import { Box, type Size } from '../../../preload/contract/values.ts';
import { leastBoxSide } from '../../../preload/contract/verdicts.ts';
import { refusal } from './texts.ts';

/**
 * Turns the edges that a person gave into a box, in pixels of the picture. `which` names the thing in messages if there are
 * several, such as " of thing 2".
 *
 * @throws WorkstationError `invalid-input` for a box that is too small or reaches out of the picture
 */
export function checkedBox(corners: Corners, { width, height }: Size, which = ''): Box {
  const [x1, y1, x2, y2] = corners;
  if (!(x2 - x1 >= leastBoxSide && y2 - y1 >= leastBoxSide)) {
    throw refusal(
      `A box is ${leastBoxSide} pixels wide and high at least; ${which === '' ? 'this one' : `that${which}`} is ${shown(x2 - x1)} × ${shown(y2 - y1)}.`,
      'Draw it larger, or say that there is no place to point at.',
    );
  }
  if (!(x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height)) {
    throw refusal(
      `The box${which} reaches out of the frame, which is ${width} × ${height}: ${corners.map(shown).join(', ')}.`,
      'Draw it within the frame.',
    );
  }
  return Box.parse([...corners]);
}

const shown = (value: number): string => String(Math.round(value * 10) / 10);
