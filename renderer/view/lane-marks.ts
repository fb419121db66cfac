import { lengthOf, partIn, type TimeRange } from './time-range.ts';

/** Things that have a place on a lane, in the order of their times; those of one time as they were given. */
export interface Placed<Member> {
  readonly members: readonly Member[];
  /** When the frame of each begins, in the time of the case. */
  readonly seconds: Float64Array;
}

/** Sorts once what is then cut into marks for every frame that a lane is drawn; what has no time is left out. */
export function placed<Member>(
  members: readonly Member[],
  secondsOf: (member: Member) => number | null,
): Placed<Member> {
  const timed = members.flatMap((member) => {
    const seconds = secondsOf(member);
    return seconds === null ? [] : [{ member, seconds }];
  });
  timed.sort((one, other) => one.seconds - other.seconds);
  return {
    members: timed.map(({ member }) => member),
    seconds: Float64Array.from(timed, ({ seconds }) => seconds),
  };
}

export interface LaneMark<Member> {
  /** Of its first member, as part of the lane's width. */
  readonly left: number;
  readonly first: Member;
  /** Its members, as places among the placed ones: `end` is the first behind them. */
  readonly begin: number;
  readonly end: number;
}

/** Marks nearer to one another than this, in CSS pixels, share one: marks that lie on one another can't be told apart. */
const markPixels = 16;
/** The same behind a mark with a count of two figures or more, which needs room to be read. */
const countedPixels = 44;

/**
 * The marks of a lane that shows a range: one for each frame that something is on, or for several that lie close together.
 * Without a width, one for each frame. What is grouped depends on the scale alone, so that panning regroups nothing; what
 * it costs, on the marks in sight and not on all members.
 */
export function laneMarks<Member>(
  { members, seconds }: Placed<Member>,
  range: TimeRange,
  width: number,
): LaneMark<Member>[] {
  const perPixel = width > 0 ? lengthOf(range) / width : 0;
  const edge = countedPixels * perPixel;
  const [first, last] = width > 0 ? [range.from - edge, range.to + edge] : [-Infinity, Infinity];
  const marks: LaneMark<Member>[] = [];
  let begin = beginning(seconds, lowerBound(seconds, first, 0), edge);
  while (begin < members.length && (seconds[begin] as number) <= last) {
    const at = seconds[begin] as number;
    let end = Math.max(lowerBound(seconds, at + markPixels * perPixel, begin), behind(seconds, begin));
    if (end - begin > 9) end = Math.max(end, lowerBound(seconds, at + edge, begin));
    if (at >= first) marks.push({ left: partIn(range, at), first: members[begin] as Member, begin, end });
    begin = end;
  }
  return marks;
}

/** Where the group began in which a member is: nothing is grouped over so wide a gap. */
function beginning(seconds: Float64Array, from: number, gap: number): number {
  let at = from;
  while (at > 0 && (seconds[at] ?? Infinity) - (seconds[at - 1] as number) < gap) at -= 1;
  return at;
}

/** The first member behind all those of the same frame. */
function behind(seconds: Float64Array, from: number): number {
  let at = from + 1;
  while (at < seconds.length && seconds[at] === seconds[from]) at += 1;
  return at;
}

/** The first place, from one on, whose time is not before `wanted`. */
export function lowerBound(seconds: ArrayLike<number>, wanted: number, from = 0): number {
  let low = from;
  let high = seconds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seconds[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many members lie in each of so many equal stretches of the whole, for an overview. */
export function countsAlong(seconds: Float64Array, duration: number, stretches: number): Uint32Array {
  const counts = new Uint32Array(Math.max(0, Math.floor(stretches)));
  if (!(duration > 0) || counts.length === 0) return counts;
  for (const time of seconds) {
    const at = Math.min(counts.length - 1, Math.max(0, Math.floor((time / duration) * counts.length)));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
