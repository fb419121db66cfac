import {
  frameAtPlace,
  frameAtSeconds,
  secondsOfFrame,
  type FrameTimes,
  type UncheckedPlace,
  type Video,
} from '../../preload/contract/index.ts';
import type { MotionStart } from './motion.svelte.ts';

/** A stream's own end may differ from the video's by its rounding. */
const endSeconds = 0.02;

/** A browser shows the frame that holds a time: the frame's middle is the time least open to rounding. */
export function middleOfFrame(times: FrameTimes, at: UncheckedPlace): MotionStart {
  const index = frameAtPlace(times, at);
  const frame = secondsOfFrame(times, index);
  const next = secondsOfFrame(times, Math.min(times.ticks.length - 1, index + 1));
  return { frame, within: (frame + next) / 2 };
}

/** The frame after the one on screen where a stream has ended before its video does; null where both have ended. */
export function frameAfterStream(
  times: FrameTimes,
  video: Video,
  stream: { shownSeconds: number | null; endSeconds: number | null },
): number | null {
  if (stream.shownSeconds === null || stream.endSeconds === null) return null;
  if (stream.endSeconds > (video.durationSeconds ?? 0) - endSeconds) return null;
  const here = frameAtSeconds(times, stream.shownSeconds);
  return here < times.ticks.length - 1 ? here + 1 : null;
}
