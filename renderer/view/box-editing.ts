import { clampBox, leastBoxSide, type Box, type Size } from '../../preload/contract/index.ts';
import type { Point } from './viewport.ts';

/** What of a box is taken hold of: all of it, or one of its corners. */
export type BoxPart = 'whole' | 'left-top' | 'right-top' | 'right-bottom' | 'left-bottom';

/** In the order in which the keyboard goes through them. */
export const boxParts: readonly BoxPart[] = ['whole', 'left-top', 'right-top', 'right-bottom', 'left-bottom'];

export const boxPartWords: Readonly<Record<BoxPart, string>> = {
  whole: 'whole box',
  'left-top': 'upper left corner',
  'right-top': 'upper right corner',
  'right-bottom': 'lower right corner',
  'left-bottom': 'lower left corner',
};

/** What of a box with a label has the keys next. */
export type EditedPart = 'label' | 'box';

/** A box that a person draws, moves and resizes on the frame. */
export interface EditedBox {
  /** In source pixels; null where there is none yet. */
  readonly box: Box | null;
  /** What the keys are to work next, once it is drawn. */
  wants: EditedPart | null;
  /** Puts a box, or takes it away. */
  place(box: Box | null): void;
  /** Moves a part of it by source pixels. */
  moveBox(part: BoxPart, by: Point): void;
  keep(): unknown;
  leave(): void;
}

const between = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);

/**
 * A box after a part of it was moved by so many source pixels. Its moved edges lie on whole pixels and within the frame; a
 * corner stops before it would cross the opposite one.
 */
export function moveBox(box: Box, part: BoxPart, by: Point, { width, height }: Size): Box {
  const [x1, y1, x2, y2] = box;
  const dx = Math.round(by.x);
  const dy = Math.round(by.y);
  if (part === 'whole') {
    const left = between(Math.round(x1) + dx, 0, Math.max(0, width - Math.round(x2 - x1)));
    const top = between(Math.round(y1) + dy, 0, Math.max(0, height - Math.round(y2 - y1)));
    const right = Math.min(width, left + Math.max(leastBoxSide, Math.round(x2 - x1)));
    const bottom = Math.min(height, top + Math.max(leastBoxSide, Math.round(y2 - y1)));
    return [left, top, right, bottom];
  }
  const left = part.startsWith('left') ? between(Math.round(x1) + dx, 0, x2 - leastBoxSide) : x1;
  const right = part.startsWith('right') ? between(Math.round(x2) + dx, x1 + leastBoxSide, width) : x2;
  const top = part.endsWith('top') ? between(Math.round(y1) + dy, 0, y2 - leastBoxSide) : y1;
  const bottom = part.endsWith('bottom') ? between(Math.round(y2) + dy, y1 + leastBoxSide, height) : y2;
  return [left, top, right, bottom];
}

/** The box between two places of the frame, in source pixels; null while it is too small to be one. */
export function boxBetween(one: Point, other: Point, size: Size): Box | null {
  const [left, right] = [Math.min(one.x, other.x), Math.max(one.x, other.x)].map(Math.round) as [
    number,
    number,
  ];
  const [top, bottom] = [Math.min(one.y, other.y), Math.max(one.y, other.y)].map(Math.round) as [
    number,
    number,
  ];
  const box = clampBox([left, top, right, bottom], size);
  if (box === null || box[2] - box[0] < leastBoxSide || box[3] - box[1] < leastBoxSide) return null;
  return box;
}

/** A box in the middle of the frame, a quarter as wide and high, to be moved from there. */
export function middleBox({ width, height }: Size): Box {
  const part = (length: number): [number, number] => {
    const side = Math.max(leastBoxSide, Math.round(length / 4));
    const from = Math.round((length - side) / 2);
    return [from, from + side];
  };
  const [x1, x2] = part(width);
  const [y1, y2] = part(height);
  return [x1, y1, x2, y2];
}

/** "120, 80 to 240, 190 · 120 × 110": where a box lies and how large it is. */
export function boxInWords([x1, y1, x2, y2]: Box): string {
  const [left, top, right, bottom] = [x1, y1, x2, y2].map((edge) => Math.round(edge));
  return `${left}, ${top} to ${right}, ${bottom} · ${Math.round(x2 - x1)} × ${Math.round(y2 - y1)}`;
}

/** What an arrow key moves by, in source pixels: one, or ten with Shift; null for any other key. */
export function arrowStep({ key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>): Point | null {
  const step = shiftKey ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
      return { x: -step, y: 0 };
    case 'ArrowRight':
      return { x: step, y: 0 };
    case 'ArrowUp':
      return { x: 0, y: -step };
    case 'ArrowDown':
      return { x: 0, y: step };
    default:
      return null;
  }
}
