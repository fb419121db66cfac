import { WorkstationError } from './errors.ts';
import { reviewClock } from './review-clock.ts';
import type { FrameIndex, Ticks, TimeBase } from './values.ts';

/**
 * The one definition of how frames, ticks, seconds and timecodes relate.
 *
 * A frame is an index into a table of presentation times (integer ticks of a rational time base), never `time * rate`:
 * with a variable frame rate that product is wrong by several frames. Two engines show frames and round opposite ways:
 * an `HTMLVideoElement` shows the frame whose [PTS, next PTS) holds the time, ffmpeg's `-ss` returns the first frame with
 * PTS >= the time. Seeking half-way between two frames is right for both, each with its own half.
 *
 * Two clocks are used. *Seconds* are the review clock's (`review-clock.ts`): they count from the first frame, rise with
 * every frame, and are what people read. *Media seconds* are the stream's own presentation time.
 */
export interface FrameTimes {
  readonly timeBase: TimeBase;
  /** Presentation time of each frame in ticks, strictly rising unless the file itself is irregular. */
  readonly ticks: ArrayLike<number>;
  /** End of the last frame in ticks. */
  readonly endTicks: number;
  /** The longest step in ticks within one recording, as a longer one joins two. If left out, any step forward is kept. */
  readonly longestStep?: number;
}

/** Times that differ by fewer seconds count as the same, because browsers round times to microseconds. */
export const timeToleranceSeconds = 2e-6;

export function ticksToSeconds(ticks: number, [numerator, denominator]: TimeBase): number {
  return (ticks * numerator) / denominator;
}

/** Converts seconds to ticks without rounding, because only the caller knows which way its question rounds. */
export function secondsToTicks(seconds: number, [numerator, denominator]: TimeBase): number {
  return (seconds * denominator) / numerator;
}

/** Throws `frame-out-of-range` unless `index` is a frame of a file of `count` frames. */
export function checkFrameIndex(index: number, count: number): FrameIndex {
  if (Number.isInteger(index) && index >= 0 && index < count) return index as FrameIndex;
  throw new WorkstationError(
    'frame-out-of-range',
    `There is no frame ${index} in this video.`,
    count > 0 ? `Choose a frame from 0 to ${count - 1}.` : 'The video holds no frames.',
  );
}

export function ticksOfFrame(times: FrameTimes, index: number): Ticks {
  return times.ticks[checkFrameIndex(index, times.ticks.length)] as Ticks;
}

/** End of frame `index` in ticks: the start of the next one, or the end of the video. */
export function endTicksOfFrame(times: FrameTimes, index: number): number {
  checkFrameIndex(index, times.ticks.length);
  return times.ticks[index + 1] ?? times.endTicks;
}

/** Seconds of the review clock from the first frame to frame `index`. */
export function secondsOfFrame(times: FrameTimes, index: number): number {
  checkFrameIndex(index, times.ticks.length);
  const { ticks, timeBase } = reviewClock(times);
  return ticksToSeconds((ticks[index] as number) - (ticks[0] as number), timeBase);
}

/** Seconds of the review clock from the first frame to the end of frame `index`. */
export function endSecondsOfFrame(times: FrameTimes, index: number): number {
  checkFrameIndex(index, times.ticks.length);
  return index + 1 < times.ticks.length ? secondsOfFrame(times, index + 1) : durationSeconds(times);
}

/** Seconds of the review clock from the first frame to the end of the last. */
export function durationSeconds(times: FrameTimes): number {
  if (times.ticks.length === 0) return 0;
  const { ticks, endTicks, timeBase } = reviewClock(times);
  return ticksToSeconds(endTicks - (ticks[0] as number), timeBase);
}

/** Length of the shortest frame on the review clock, in seconds; 0 for a video without frames. */
export function shortestFrameSeconds(times: FrameTimes): number {
  if (times.ticks.length === 0) return 0;
  const { ticks, endTicks, timeBase } = reviewClock(times);
  let shortest = Infinity;
  for (let index = 0; index < ticks.length; index += 1) {
    const length = (ticks[index + 1] ?? endTicks) - (ticks[index] as number);
    if (length > 0 && length < shortest) shortest = length;
  }
  return Number.isFinite(shortest) ? ticksToSeconds(shortest, timeBase) : 0;
}

/** The first frame after a place where the file's own clock starts again or leaps. */
export interface ClockJoin {
  readonly index: FrameIndex;
  /** Seconds of the review clock, which continues there. */
  readonly seconds: number;
}

/** All places where the file's own clock starts again or leaps, in order. */
export function clockJoins(times: FrameTimes): ClockJoin[] {
  if (times.ticks.length === 0) return [];
  return reviewClock(times).joins.map((index) => ({
    index: index as FrameIndex,
    seconds: secondsOfFrame(times, index),
  }));
}

/**
 * The frame on screen at `ticks` (fractions are allowed) of rising times, which is the last one that begins at or before it.
 * As in a player, it is the first frame before the beginning, and the last one after the end. Throws `frame-out-of-range`
 * for a video without frames.
 */
export function frameAtTicks(times: Pick<FrameTimes, 'ticks'>, ticks: number): FrameIndex {
  const { length } = times.ticks;
  checkFrameIndex(0, length);
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((times.ticks[middle] as number) <= ticks) low = middle;
    else high = middle - 1;
  }
  return low as FrameIndex;
}

/** The frame on screen `seconds` after the first frame; a time up to `tolerance` seconds early still names the frame. */
export function frameAtSeconds(
  times: FrameTimes,
  seconds: number,
  tolerance = timeToleranceSeconds,
): FrameIndex {
  checkFrameIndex(0, times.ticks.length);
  if (!Number.isFinite(seconds)) {
    throw new WorkstationError(
      'invalid-input',
      'The time is not a number.',
      'Give a time in seconds, such as 12.5.',
    );
  }
  const clock = reviewClock(times);
  return frameAtTicks(
    clock,
    (clock.ticks[0] as number) + secondsToTicks(seconds + tolerance, clock.timeBase),
  );
}

/** The frame on screen at a time of the stream itself. The stream's times must rise. */
export function frameAtMediaSeconds(times: FrameTimes, mediaSeconds: number): FrameIndex {
  return frameAtTicks(times, secondsToTicks(mediaSeconds + timeToleranceSeconds, times.timeBase));
}

/** Media seconds at which a video element surely shows frame `index`: the midpoint of [p(N), p(N + 1)). */
export function videoElementSeekSeconds(times: FrameTimes, index: number): number {
  return ticksToSeconds((ticksOfFrame(times, index) + endTicksOfFrame(times, index)) / 2, times.timeBase);
}

/**
 * Media seconds for which ffmpeg's `-ss` returns frame `index`: the midpoint of (p(N - 1), p(N)]. For the first frame it
 * is half a frame before it, which may be negative.
 */
export function ffmpegSeekSeconds(times: FrameTimes, index: number): number {
  const ticks = ticksOfFrame(times, index);
  const before = index > 0 ? ticksOfFrame(times, index - 1) : ticks - (endTicksOfFrame(times, index) - ticks);
  return ticksToSeconds((before + ticks) / 2, times.timeBase);
}

/** Frames per second over the whole video; 0 when it cannot be told. For display, never for finding a frame. */
export function averageFrameRate(times: FrameTimes): number {
  const seconds = durationSeconds(times);
  return seconds > 0 ? times.ticks.length / seconds : 0;
}

/** True when frame durations differ by more than the rounding of one tick. The last frame's does not count. */
export function isVariableFrameRate(times: FrameTimes): boolean {
  const { length } = times.ticks;
  if (length < 3) return false;
  const { ticks } = reviewClock(times);
  const mean = ((ticks[length - 1] as number) - (ticks[0] as number)) / (length - 1);
  for (let index = 1; index < length; index++) {
    const duration = (ticks[index] as number) - (ticks[index - 1] as number);
    if (Math.abs(duration - mean) > 1.000001) return true;
  }
  return false;
}

/** `HH:MM:SS.mmm`, rounded to the nearest millisecond; read back by `frameAtTimecode` it names the same frame. */
export function formatTimecode(seconds: number): string {
  const sign = seconds < -0.0005 ? '-' : '';
  const milliseconds = Math.round(Math.abs(seconds) * 1000);
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor(milliseconds / 60_000) % 60;
  const whole = Math.floor(milliseconds / 1000) % 60;
  return `${sign}${part(hours, 2)}:${part(minutes, 2)}:${part(whole, 2)}.${part(milliseconds % 1000, 3)}`;
}

export interface Timecode {
  readonly seconds: number;
  /** Half a unit of the last digit, if the digits may be those of a rounded time. */
  readonly tolerance: number;
  /** Frame within its second, counted from 0, for `HH:MM:SS:FF`. */
  readonly frame: number | null;
}

const clockPattern = /^(?:(?:(\d+):)?(\d{1,2}):)?(\d+)(?:[.,](\d{1,9}))?$/;
const framesPattern = /^(\d+):(\d{1,2}):(\d{1,2}):(\d{1,3})$/;

/**
 * Reads `SS`, `SS.mmm`, `MM:SS`, `HH:MM:SS.mmm` (a comma will do for the point) and `HH:MM:SS:FF`, where FF is the
 * FF-th frame of that second, from 0. Throws `invalid-input` for anything else.
 */
export function parseTimecode(text: string): Timecode {
  const trimmed = text.trim();
  const refuse = () =>
    new WorkstationError(
      'invalid-input',
      `"${trimmed.slice(0, 40)}" is not a timecode.`,
      'Write it as HH:MM:SS.mmm, MM:SS, seconds, or HH:MM:SS:FF.',
    );
  const withFrames = framesPattern.exec(trimmed);
  if (withFrames) {
    const [hours, minutes, seconds, frame] = withFrames.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    if (minutes > 59 || seconds > 59) throw refuse();
    return { seconds: hours * 3600 + minutes * 60 + seconds, tolerance: timeToleranceSeconds, frame };
  }
  const clock = clockPattern.exec(trimmed);
  if (!clock) throw refuse();
  const [, hours, minutes, seconds, fraction = ''] = clock;
  const whole = Number(seconds);
  if (minutes !== undefined && whole > 59) throw refuse();
  if (hours !== undefined && Number(minutes) > 59) throw refuse();
  return {
    seconds: Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + whole + Number(`0.${fraction || '0'}`),
    // Milliseconds and finer may have been rounded, as timecodes on the screen are. A second or a tenth means its start:
    // "0.8" is the frame on screen at 0.800, not one up to 0.05 s later.
    tolerance:
      fraction.length < 3 ? timeToleranceSeconds : 0.5 * 10 ** -fraction.length + timeToleranceSeconds,
    frame: null,
  };
}

/**
 * The frame that a timecode names, by a clock that shows `from` seconds at the first frame. Throws `invalid-input` or, past
 * either end, `frame-out-of-range`.
 */
export function frameAtTimecode(times: FrameTimes, text: string, from = 0): FrameIndex {
  const written = parseTimecode(text);
  const timecode = { ...written, seconds: from === 0 ? written.seconds : written.seconds - from };
  const end = durationSeconds(times);
  if (timecode.seconds > end) {
    throw new WorkstationError(
      'frame-out-of-range',
      `${text.trim()} is after the end of this video.`,
      `The video ends at ${formatTimecode(end)}.`,
    );
  }
  if (timecode.frame === null) return frameAtSeconds(times, timecode.seconds, timecode.tolerance);
  const first = firstFrameAtOrAfter(times, timecode.seconds);
  const index = first + timecode.frame;
  if (
    index >= times.ticks.length ||
    secondsOfFrame(times, index) >= timecode.seconds + 1 - timeToleranceSeconds
  ) {
    throw new WorkstationError(
      'frame-out-of-range',
      `The second ${formatTimecode(timecode.seconds)} has no frame ${timecode.frame}.`,
      'Frames of a second are counted from 0. Give milliseconds instead, or a frame number.',
    );
  }
  return index as FrameIndex;
}

/** `HH:MM:SS:FF`: the second that frame `index` falls in, and its place among the frames of that second. */
export function frameTimecode(times: FrameTimes, index: number): string {
  const second = Math.floor(secondsOfFrame(times, index) + timeToleranceSeconds);
  const frame = index - firstFrameAtOrAfter(times, second);
  return `${formatTimecode(second).slice(0, 8)}:${String(frame).padStart(2, '0')}`;
}

function firstFrameAtOrAfter(times: FrameTimes, seconds: number): number {
  if (seconds <= 0) return 0;
  const index = frameAtSeconds(times, seconds);
  return secondsOfFrame(times, index) >= seconds - timeToleranceSeconds ? index : index + 1;
}
