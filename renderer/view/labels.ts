import type { Size } from '../../preload/contract/index.ts';
import type { Point, Rectangle } from './viewport.ts';

/** Half of the box's line, so that label and line share their edge. */
const lineOverlap = 1;

/** A box with the label that is to be placed at it, both in stage pixels. */
export interface LabelledBox {
  readonly box: Rectangle;
  readonly label: Size;
  /** On which side of the box the label goes where both are free; `above` by default. */
  readonly first?: 'above' | 'below';
}

/**
 * Where the labels of several boxes go, in the order of the boxes: each at its own box, wholly on the stage where that is large
 * enough, and on no other label while there is room. A label goes on top of its box or under it, at its left or its right edge,
 * else inside it, else to the nearest free place. The earlier ones have the first choice, so the same boxes have the same places.
 * Results: the labels' upper left corners, in stage pixels.
 */
export function placeLabels(boxes: readonly LabelledBox[], stage: Size): Point[] {
  const taken: Rectangle[] = [];
  return boxes.map((labelled) => {
    const place = placeOne(labelled, stage, taken);
    // A label that is not measured yet takes no place.
    if (labelled.label.width > 0) taken.push({ ...place, ...labelled.label });
    return place;
  });
}

function placeOne(
  { box, label, first = 'above' }: LabelledBox,
  stage: Size,
  taken: readonly Rectangle[],
): Point {
  const fits = (y: number): boolean => y >= 0 && y + label.height <= stage.height;
  const isFree = (at: Point): boolean => !taken.some((other) => covers(other, { ...at, ...label }));
  const [above, below] = [box.y - label.height, box.y + box.height];
  const [left, right] = [
    within(box.x - lineOverlap, label.width, stage.width),
    within(box.x + box.width + lineOverlap - label.width, label.width, stage.width),
  ];
  const [top, bottom] = [
    within(box.y, label.height, stage.height),
    within(box.y + box.height - label.height, label.height, stage.height),
  ];
  const outside = (first === 'above' ? [above, below] : [below, above]).filter(fits);
  const at = [
    ...outside.flatMap((y) => [
      { x: left, y },
      { x: right, y },
    ]),
    { x: left, y: top },
    { x: right, y: top },
    { x: left, y: bottom },
    { x: right, y: bottom },
  ];
  const wanted = at[0] as Point;
  return at.find(isFree) ?? nearestFree(wanted, label, { stage, taken }) ?? wanted;
}

/**
 * The free place that is nearest to where a label is wanted. A free place that can't be moved any nearer touches a label that is
 * there already, an edge of the stage, or lies level with the wanted place; so only those are tried.
 */
function nearestFree(
  wanted: Point,
  label: Size,
  { stage, taken }: { stage: Size; taken: readonly Rectangle[] },
): Point | null {
  const columns = [wanted.x, ...taken.flatMap(({ x, width }) => [x - label.width, x + width])];
  const rows = [wanted.y, ...taken.flatMap(({ y, height }) => [y - label.height, y + height])];
  const distance = ({ x, y }: Point): number => Math.hypot(x - wanted.x, y - wanted.y);
  let best: Point | null = null;
  for (const y of rows) {
    for (const x of columns) {
      const at = { x, y };
      const isOnStage =
        x >= 0 && y >= 0 && x + label.width <= stage.width && y + label.height <= stage.height;
      if (!isOnStage || (best !== null && distance(at) >= distance(best))) continue;
      if (!taken.some((other) => covers(other, { ...at, ...label }))) best = at;
    }
  }
  return best;
}

const covers = (one: Rectangle, other: Rectangle): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

function within(start: number, length: number, available: number): number {
  return Math.max(0, Math.min(start, available - length));
}
