/** A stretch of time on show, in seconds since the first frame: pure maths. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** How long the whole is and how short a range may be, both in seconds. */
export interface RangeLimits {
  readonly duration: number;
  readonly least: number;
}

export const lengthOf = ({ from, to }: TimeRange): number => to - from;

/** Where a time lies: 0 at the beginning of a range, 1 at its end, below 0 and above 1 outside; 0 in one without length. */
export const partIn = (range: TimeRange, seconds: number): number =>
  lengthOf(range) > 0 ? (seconds - range.from) / lengthOf(range) : 0;

/** The time at a horizontal place of lanes that show a range; places beyond their ends lie beyond those of the range. */
export const secondsUnder = (range: TimeRange, x: number, width: number): number =>
  width > 0 ? range.from + (x / width) * lengthOf(range) : range.from;

/** The nearest range that lies within the whole and is not too short. */
export function heldRange(range: TimeRange, { duration, least }: RangeLimits): TimeRange {
  const length = Math.min(duration, Math.max(lengthOf(range), Math.min(least, duration)));
  const middle = (range.from + range.to) / 2;
  // A range of an allowed length keeps its beginning to the last bit, so that panning can't make it grow.
  const from = length === lengthOf(range) ? range.from : middle - length / 2;
  const held = Math.min(Math.max(0, from), Math.max(0, duration - length));
  return { from: held, to: held + length };
}

/** Closer by a factor above 1, wider by one below it; the time `at` stays where it is on the screen. */
export function zoomedRange(range: TimeRange, factor: number, at: number, limits: RangeLimits): TimeRange {
  const { duration, least } = limits;
  const length = Math.min(duration, Math.max(Math.min(least, duration), lengthOf(range) / factor));
  const from = at - partIn(range, at) * length;
  return heldRange({ from, to: from + length }, limits);
}

export const movedRange = (range: TimeRange, by: number, limits: RangeLimits): TimeRange =>
  heldRange({ from: range.from + by, to: range.to + by }, limits);

/** How far from an edge, as a part of the range, a time is put that was brought into view. */
const margin = 1 / 12;

/**
 * The range moved so that a time outside it comes into view. Where it is played, it enters at one side and has the whole
 * range before it; a jump near by moves no further than it must, and one from far away puts the time in the middle.
 */
export function rangeAround(
  range: TimeRange,
  seconds: number,
  playing: -1 | 0 | 1,
  limits: RangeLimits,
): TimeRange {
  const length = lengthOf(range);
  const beyond = seconds < range.from ? range.from - seconds : seconds - range.to;
  const near = seconds < range.from ? margin : 1 - margin;
  const part = playing === 1 ? margin : playing === -1 ? 1 - margin : beyond < length / 2 ? near : 0.5;
  const from = seconds - part * length;
  return heldRange({ from, to: from + length }, limits);
}
