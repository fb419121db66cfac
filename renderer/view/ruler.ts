import {
  formatTimecode,
  frameAtSeconds,
  grouped,
  secondsOfFrame,
  type FrameTimes,
} from '../../preload/contract/index.ts';
import { shortClock } from './format.ts';
import { lengthOf, type TimeRange } from './time-range.ts';

export interface Tick {
  readonly seconds: number;
  /** Null for a stroke without a name. */
  readonly label: string | null;
}

/** Room that a label needs, and a stroke, in CSS pixels. */
const labelPixels = 84;
const strokePixels = 9;
/** Room that a frame needs, in CSS pixels, for the ruler to count frames. */
const framePixels = 20;

/** Steps between labels in seconds, and how many strokes each may be parted into. */
const steps: readonly (readonly [seconds: number, parts: readonly number[]])[] = [
  [0.01, [10, 5, 2]],
  [0.02, [10, 4, 2]],
  [0.05, [10, 5]],
  [0.1, [10, 5, 2]],
  [0.2, [10, 4, 2]],
  [0.5, [10, 5]],
  [1, [10, 5, 2]],
  [2, [10, 4, 2]],
  [5, [10, 5]],
  [10, [10, 5, 2]],
  [15, [15, 3]],
  [30, [6, 3]],
  [60, [12, 6, 4, 2]],
  [120, [12, 4, 2]],
  [300, [10, 5]],
  [600, [10, 5, 2]],
  [900, [15, 3]],
  [1800, [6, 3]],
  [3600, [12, 6, 4, 2]],
  [7200, [8, 4, 2]],
  [14_400, [8, 4]],
  [43_200, [12, 6]],
];

/** A recording in view: where it begins in the time of the case, and when each of its frames does; null while that is not known. */
export interface RulerPart {
  readonly offset: number;
  readonly times: FrameTimes | null;
}

/** The ruler of a range: times at round steps, or frames by number where each has room of its own. */
export function rulerTicks(range: TimeRange, width: number, parts: readonly RulerPart[]): Tick[] {
  const length = lengthOf(range);
  if (!(width > 0) || !(length > 0)) return [];
  const frames = parts.map((part) => framesIn(range, part));
  const count = frames.reduce((sum, each) => sum + (each === null ? Infinity : each.last - each.first), 0);
  if (parts.length === 0 || Math.max(1, count) * framePixels > width) return timeTicks(range, width);
  const room = Math.ceil((Math.max(1, count) * labelPixels) / width);
  const every = [1, 2, 5, 10, 20, 25, 50, 100].find((each) => each >= room) ?? 250;
  return frames.flatMap((each) => (each === null ? [] : frameTicks(each, every)));
}

function timeTicks(range: TimeRange, width: number): Tick[] {
  const perPixel = lengthOf(range) / width;
  const [step, parts] = steps.find(([seconds]) => seconds >= labelPixels * perPixel) ?? steps.at(-1)!;
  const part = parts.find((count) => step / count >= strokePixels * perPixel) ?? 1;
  const stroke = step / part;
  const ticks: Tick[] = [];
  // Whole numbers are counted, since sums of small steps drift.
  for (let count = Math.floor(range.from / stroke); count <= Math.ceil(range.to / stroke); count += 1) {
    if (count < 0) continue;
    const seconds = (count / part) * step;
    ticks.push({ seconds, label: count % part === 0 ? timeLabel(seconds, step) : null });
  }
  return ticks;
}

/** "26:47", below a second's step "26:47.20". */
function timeLabel(seconds: number, step: number): string {
  if (step >= 1) return shortClock(Math.round(seconds));
  const digits = step >= 0.1 ? 1 : 2;
  const code = formatTimecode(seconds);
  return code.slice(0, code.length - 3 + digits).replace(/^00:0?/, '');
}

interface FramesInView {
  readonly part: RulerPart;
  readonly times: FrameTimes;
  readonly first: number;
  readonly last: number;
}

/** The frames of a recording that a range shows, and the one behind them; null while their times are not known. */
function framesIn(range: TimeRange, part: RulerPart): FramesInView | null {
  const { times, offset } = part;
  if (times === null || times.ticks.length === 0) return null;
  const first = frameAtSeconds(times, Math.max(0, range.from - offset));
  const last = Math.min(times.ticks.length - 1, frameAtSeconds(times, Math.max(0, range.to - offset)) + 1);
  return { part, times, first, last };
}

/** The table of their times says where each frame begins, whatever its rate. */
function frameTicks({ part, times, first, last }: FramesInView, every: number): Tick[] {
  return Array.from({ length: last - first + 1 }, (_, place): Tick => {
    const index = first + place;
    const label = index % every === 0 ? `#${grouped(index)}` : null;
    return { seconds: part.offset + secondsOfFrame(times, index), label };
  });
}
