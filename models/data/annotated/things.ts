import { clampBox } from '../../../preload/contract/boxes.ts';
import type { Box, Size } from '../../../preload/contract/values.ts';
import type { SeveralRule, Thing } from './types.ts';

/** A part of a thing: its box and how much of the picture it covers, in pixels. */
export interface Part {
  box: Box;
  area: number;
}

/** Parts of less than this share of the largest one are specks, and no box is widened for them. */
const SPECK = 0.05;

/** One box for the parts of one name. */
export function boxOfParts(parts: readonly Part[], rule: SeveralRule): Box | null {
  const largest = parts.reduce<Part | null>(
    (best, part) => (best === null || part.area > best.area ? part : best),
    null,
  );
  if (largest === null || rule === 'largest') return largest?.box ?? null;
  const kept = parts.filter(({ area }) => area >= largest.area * SPECK).map(({ box }) => box);
  return [
    Math.min(...kept.map((box) => box[0])),
    Math.min(...kept.map((box) => box[1])),
    Math.max(...kept.map((box) => box[2])),
    Math.max(...kept.map((box) => box[3])),
  ];
}

/** Things by name, each with one box; sorted by name. */
export function thingsOf(parts: ReadonlyMap<string, readonly Part[]>, rule: SeveralRule): Thing[] {
  return [...parts]
    .flatMap(([label, own]) => {
      const box = boxOfParts(own, rule);
      return box === null ? [] : [{ label, box }];
    })
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

export interface MarkedBox {
  box: Box;
  /** What was amiss with it, in words; null where it was taken as it is. */
  note: string | null;
}

/** A box that somebody drew, inside the picture; or why it can't be used. */
export function usableBox(given: Box, size: Size): MarkedBox | { reason: string } {
  const said = given.map((value) => Math.round(value * 100) / 100).join(', ');
  if (given.some((value) => !Number.isFinite(value))) return { reason: `a box that is not four numbers` };
  if (given[2] <= given[0] || given[3] <= given[1]) return { reason: `a box without area: ${said}` };
  const box = clampBox(given, size);
  if (box === null) return { reason: `a box outside the ${size.width}x${size.height} picture: ${said}` };
  const cut = box.some((value, i) => Math.abs(value - given[i]!) > 1);
  return {
    box,
    note: cut ? `a box cut off at the edge of the ${size.width}x${size.height} picture: ${said}` : null,
  };
}

const NAME = /^[a-z][a-z0-9_-]{0,39}$/;
const SIDES = /(?:^|_)(?:left|right|upper|lower|top|bottom|middle)(?:_|$)/;

/**
 * A name as questions say it: in small letters with underscores; or why it can't be one. Words for places are kept for the
 * places of the picture, which training mirrors.
 */
export function plainLabel(name: string): string | { reason: string } {
  const plain = name.trim().toLowerCase().replaceAll(/\s+/g, '_');
  if (!NAME.test(plain)) {
    return {
      reason: `the name "${name.slice(0, 40)}" can't stand in a question: letters, digits, - and _ can, 40 at most`,
    };
  }
  if (SIDES.test(plain)) {
    return {
      reason: `the name "${name}" says a side, which a mirrored picture would make false; give it another, such as fold_a`,
    };
  }
  return plain;
}
