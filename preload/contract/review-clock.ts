import type { TimeBase } from './values.ts';

/**
 * The clock that a person reads: it begins at 0 with the first frame and rises with every frame, whatever a file's own
 * times do. Seconds, timecodes, the timeline, playing and the length of a video all count by it.
 *
 * It is needed because a recorder that was paused starts its times again, joined files repeat them, and a camera that uses the
 * time of day leaps by hours. The rule:
 *
 * 1. While a file's times rise, and no step is longer than `longestStep`, the clock is the file's own.
 * 2. Where they fall back or leap further than that, two recordings are joined: the last frame before the join stays as
 *    long as the file's usual (median) step, and the clock goes on from there with the file's times.
 * 3. Frames of one time share the step to the next time evenly; a few frames in the wrong order take their times sorted.
 *    A counter of 33 bits that overflows (MPEG streams, after 26.5 hours) goes on counting: that is no join.
 */
export interface ReviewClock {
  /** Seconds per tick of this clock. It is finer than the file's if frames with the same time have to be kept apart. */
  readonly timeBase: TimeBase;
  /** When each frame begins: strictly rising integers, read relative to the first. The file's own ticks where rule 1 holds. */
  readonly ticks: ArrayLike<number>;
  readonly endTicks: number;
  /** The frames at which another stretch of the file's own times begins. */
  readonly joins: readonly number[];
  /** Whether the clock is the file's own from beginning to end. */
  readonly isOwn: boolean;
}

export interface OwnTimes {
  readonly timeBase: TimeBase;
  readonly ticks: ArrayLike<number>;
  readonly endTicks: number;
  /** The longest step in ticks that is not a join; without it, any step forward is kept. */
  readonly longestStep?: number;
}

const made = new WeakMap<object, { clock: ReviewClock; longestStep: number | undefined }>();

/** The clock of a table of times, which is computed only once for each table. */
export function reviewClock(times: OwnTimes): ReviewClock {
  const { ticks, longestStep } = times;
  const known = made.get(ticks);
  if (known && known.longestStep === longestStep) return known.clock;
  const clock = isRegular(times) ? ownClock(times) : clockAcrossJoins(times);
  made.set(ticks, { clock, longestStep });
  return clock;
}

function isRegular({ ticks, longestStep = Infinity }: OwnTimes): boolean {
  for (let index = 1; index < ticks.length; index++) {
    const step = (ticks[index] as number) - (ticks[index - 1] as number);
    if (!(step > 0) || step > longestStep) return false;
  }
  return true;
}

function ownClock({ timeBase, ticks, endTicks }: OwnTimes): ReviewClock {
  return { timeBase, ticks, endTicks, joins: [], isOwn: true };
}

function clockAcrossJoins(times: OwnTimes): ReviewClock {
  const { ticks, timeBase, longestStep = Infinity } = times;
  const usual = usualStep(times);
  const { stretches, unwrapped } = stretchesOf(ticks, usual, longestStep);
  const scale = scaleFor(unwrapped, stretches);
  const clock = new Float64Array(ticks.length);
  let begin = 0;
  for (const [place, first] of stretches.entries()) {
    const sorted = unwrapped.slice(first, stretches[place + 1] ?? ticks.length).sort();
    begin = spread(sorted, usual, scale, clock.subarray(first), begin);
  }
  return {
    timeBase: [timeBase[0], timeBase[1] * scale],
    ticks: clock,
    endTicks: begin,
    joins: stretches.slice(1),
    isOwn: false,
  };
}

/** The median of the steps forward that are no leaps; a 25th of a second if there are none. */
function usualStep({ ticks, timeBase, longestStep = Infinity }: OwnTimes): number {
  const steps: number[] = [];
  for (let index = 1; index < ticks.length; index++) {
    const step = (ticks[index] as number) - (ticks[index - 1] as number);
    if (step > 0 && step <= longestStep) steps.push(step);
  }
  if (steps.length === 0) return Math.max(1, Math.round(timeBase[1] / timeBase[0] / 25));
  return Float64Array.from(steps).sort()[steps.length >> 1] as number;
}

/** MPEG streams count their times in 33 bits, which overflow after this many ticks. */
const counterSize = 2 ** 33;
/** The most frames that a decoder holds back to bring them into order (16 for H.264 and HEVC). */
const mostReordered = 16;

interface Stretches {
  /** The first frame of each stretch, beginning with frame 0. */
  readonly stretches: number[];
  /** The file's ticks, continued after an overflow of the counter. */
  readonly unwrapped: Float64Array;
}

function stretchesOf(ticks: ArrayLike<number>, usual: number, longestStep: number): Stretches {
  const unwrapped = Float64Array.from(ticks);
  const stretches = [0];
  let latest = unwrapped[0] as number;
  let overflowed = 0;
  for (let index = 1; index < unwrapped.length; index++) {
    unwrapped[index] = (unwrapped[index] as number) + overflowed;
    const time = unwrapped[index] as number;
    const wrapped = time + counterSize - latest;
    if (time < latest && wrapped > 0 && wrapped <= Math.min(longestStep, 256 * usual)) {
      overflowed += counterSize;
      latest = unwrapped[index] = time + counterSize;
      continue;
    }
    if (time >= latest && time - latest <= longestStep) latest = time;
    else if (
      time > latest ||
      !isDisorder(unwrapped, index, { first: stretches.at(-1) as number, latest, usual, overflowed })
    ) {
      stretches.push(index);
      latest = time;
    }
  }
  return { stretches, unwrapped };
}

/**
 * Whether a time that falls back is that of a frame in the wrong order, which fits between those before it. A recording that
 * starts again repeats times, so that there are too many frames in that span for its length.
 */
function isDisorder(
  ticks: Float64Array,
  index: number,
  stretch: { first: number; latest: number; usual: number; overflowed: number },
): boolean {
  const { first, latest, usual, overflowed } = stretch;
  const time = ticks[index] as number;
  if (latest - time > mostReordered * usual) return false;
  let next = index + 1;
  while (next < ticks.length && (ticks[next] as number) + overflowed <= latest) next++;
  if (next - index > mostReordered) return false;
  const end = next < ticks.length ? (ticks[next] as number) + overflowed : latest + usual;
  let frames = next - index;
  for (let before = index - 1; before >= first && index - before <= 2 * mostReordered; before--) {
    if ((ticks[before] as number) >= time) frames++;
  }
  return frames * usual <= 1.5 * Math.min(end - time, latest + usual - time);
}

/** How many times finer the ticks must be, so that frames with the same time get different whole numbers. */
function scaleFor(ticks: Float64Array, stretches: readonly number[]): number {
  let scale = 1;
  for (const [place, first] of stretches.entries()) {
    const sorted = ticks.slice(first, stretches[place + 1] ?? ticks.length).sort();
    for (let start = 0; start < sorted.length;) {
      const end = endOfGroup(sorted, start);
      const step = end < sorted.length ? (sorted[end] as number) - (sorted[start] as number) : Infinity;
      scale = Math.max(scale, Math.ceil((end - start) / step));
      start = end;
    }
  }
  return scale;
}

function endOfGroup(sorted: Float64Array, start: number): number {
  let end = start + 1;
  while (end < sorted.length && sorted[end] === sorted[start]) end++;
  return end;
}

/** Writes one stretch, which begins at `begin`. @returns when the next one begins */
function spread(
  sorted: Float64Array,
  usual: number,
  scale: number,
  clock: Float64Array,
  begin: number,
): number {
  const offset = begin - (sorted[0] as number) * scale;
  let last = begin;
  for (let start = 0; start < sorted.length;) {
    const end = endOfGroup(sorted, start);
    const time = sorted[start] as number;
    const count = end - start;
    const step = end < sorted.length ? ((sorted[end] as number) - time) / count : usual;
    for (let frame = 0; frame < count; frame++) {
      last = clock[start + frame] = offset + time * scale + Math.floor(frame * step * scale);
    }
    start = end;
  }
  return last + usual * scale;
}
