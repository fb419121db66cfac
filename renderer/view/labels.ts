import type { Size } from '../../preload/contract/index.ts';
import type { Point, Rectangle } from './viewport.ts';

/** Half of the box's line, so that label and line share their edge. */
const lineOverlap = 1;

/**
 * Where a box's label goes: on top of the box, or under it where that is to be `first`, else on the other side, else inside its upper edge; always wholly on
 * the stage where the stage is large enough. Result: the label's upper left corner, in stage pixels.
 */
export function placeLabel(
  box: Rectangle,
  label: Size,
  stage: Size,
  first: 'above' | 'below' = 'above',
): Point {
  const x = within(box.x - lineOverlap, label.width, stage.width);
  const above = box.y - label.height;
  const below = box.y + box.height;
  const places = first === 'above' ? [above, below] : [below, above];
  const y = places.find((top) => top >= 0 && top + label.height <= stage.height);
  if (y !== undefined) return { x, y };
  return { x, y: within(box.y, label.height, stage.height) };
}

function within(start: number, length: number, available: number): number {
  return Math.max(0, Math.min(start, available - length));
}
