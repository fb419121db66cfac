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

/** The ruler of a range: times at round steps, or frames by number where each has room of its own. */
export function rulerTicks(range: TimeRange, width: number, times: FrameTimes | null): Tick[] {
  const length = lengthOf(range);
  if (!(width > 0) || !(length > 0)) return [];
  return (times && frameTicks(range, width, times)) ?? timeTicks(range, width);
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

/** Null where frames have no room: the table of their times says where each begins, whatever its rate. */
function frameTicks(range: TimeRange, width: number, times: FrameTimes): Tick[] | null {
  const { length } = times.ticks;
  if (length === 0) return null;
  const first = frameAtSeconds(times, Math.max(0, range.from));
  const last = Math.min(length - 1, frameAtSeconds(times, Math.max(0, range.to)) + 1);
  const shown = Math.max(1, last - first);
  if (shown * framePixels > width) return null;
  const room = Math.ceil((shown * labelPixels) / width);
  const every = [1, 2, 5, 10, 20, 25, 50, 100].find((count) => count >= room) ?? 250;
  return Array.from({ length: last - first + 1 }, (_, place): Tick => {
    const index = first + place;
    const label = index % every === 0 ? `#${grouped(index)}` : null;
    return { seconds: secondsOfFrame(times, index), label };
  });
}
