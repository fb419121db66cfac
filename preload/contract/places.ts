import { z } from 'zod';
import {
  checkFrameIndex,
  formatTimecode,
  frameAtSeconds,
  frameAtTimecode,
  secondsOfFrame,
  ticksOfFrame,
  type FrameTimes,
} from './frames.ts';
import { FrameIndex, FrameRef } from './values.ts';

/** A frame's place in its video, in every unit by which a person or a program may name it. */
export const FrameLocation = FrameRef.omit({ videoId: true }).extend({
  /** Seconds since the first frame. */
  seconds: z.number(),
  /** hh:mm:ss.mmm since the first frame. */
  timecode: z.string(),
});
export type FrameLocation = z.infer<typeof FrameLocation>;

/** The ways in which a person may name a place in a video. */
export const PlaceInVideo = z.union([
  z.strictObject({ index: FrameIndex }),
  z.strictObject({ seconds: z.number().min(0) }),
  /** hh:mm:ss.mmm, mm:ss or ss, or a bare frame number after `#`. */
  z.strictObject({ timecode: z.string().min(1).max(40) }),
]);
export type PlaceInVideo = z.infer<typeof PlaceInVideo>;

/** A place whose numbers no schema has checked yet. `frameAtPlace` refuses wrong ones. */
export type UncheckedPlace =
  { readonly index: number } | { readonly seconds: number } | { readonly timecode: string };

/** The frame at a place, where `#12` is frame 12. Throws `frame-out-of-range` or `invalid-input`. */
export function frameAtPlace(times: FrameTimes, place: UncheckedPlace): FrameIndex {
  if ('index' in place) return checkFrameIndex(place.index, times.ticks.length);
  if ('seconds' in place) return frameAtSeconds(times, place.seconds);
  const number = /^\s*#\s*(\d{1,15})\s*$/.exec(place.timecode)?.[1];
  return number === undefined
    ? frameAtTimecode(times, place.timecode)
    : checkFrameIndex(Number(number), times.ticks.length);
}

/** The place of frame `index` in every unit. Throws `frame-out-of-range`. */
export function locationOf(times: FrameTimes, index: number): FrameLocation {
  const seconds = secondsOfFrame(times, index);
  return {
    index: checkFrameIndex(index, times.ticks.length),
    pts: ticksOfFrame(times, index),
    seconds,
    timecode: formatTimecode(seconds),
  };
}
