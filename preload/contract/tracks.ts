import { z } from 'zod';
import { ActorId } from './context.ts';
import { FrameLocation } from './places.ts';
import { StereoEye } from './stereo.ts';
import { mostLabelLength } from './verdicts.ts';
import {
  Box,
  SegmentId,
  SessionId,
  Sha256,
  Size,
  Timestamp,
  TrackId,
  VideoId,
  type FrameIndex,
  type Span,
} from './values.ts';

/** The most tracks of a session, and the most key frames of one track, since nobody sets more by hand. */
export const mostTracks = 1000;
export const mostKeyFrames = 2000;

/** A frame on which a person has set the box of a track. */
export const KeyFrame = z.object({
  location: FrameLocation,
  /** Names the pixels that the person saw. */
  hash: Sha256,
  /** Where the thing is; if it is not visible, where it was when it went out of sight. */
  box: Box,
  /** Whether the thing is visible from this frame on, until the next key frame. */
  isVisible: z.boolean(),
});
export type KeyFrame = z.infer<typeof KeyFrame>;

/**
 * One thing that a person follows over the frames of a segment by a box. The person sets the box on key frames; on the frames
 * between them it is interpolated. There is no box before the first key frame and behind the last one, because nobody said
 * anything about the thing there.
 */
export const Track = z.object({
  id: TrackId,
  sessionId: SessionId,
  videoId: VideoId,
  /** The segment within which the box is shown. Key frames outside it are kept, so that a longer segment shows them again. */
  segmentId: SegmentId,
  /** What the thing is. */
  label: z.string().min(1).max(mostLabelLength),
  /** Whose picture the boxes lie in; null for the whole picture. */
  eye: StereoEye.nullable(),
  /** Size of the picture in which the boxes lie, in pixels. A recording may change its size on the way. */
  picture: Size,
  /** In the order of their frames, each frame once. */
  keyFrames: z.array(KeyFrame).min(1).max(mostKeyFrames),
  actor: ActorId,
  createdAt: Timestamp,
});
export type Track = z.infer<typeof Track>;

/** A track's box on one frame. */
export interface TrackBox {
  /** In pixels of the source frame. */
  readonly box: Box;
  /** Whether it was worked out between two key frames; false if a person has set it on this very frame. */
  readonly isInterpolated: boolean;
}

/** A frame by its index and by when it is shown, in seconds since the recording's first frame. */
export interface FrameAt {
  readonly index: number;
  readonly seconds: number;
}

/**
 * The box of a track on a frame; null if the thing is not visible there, or nothing was said of it. Between two key frames every
 * edge of the box moves linearly by presentation time, so that a variable frame rate does not bend its way.
 */
export function boxOnFrame(keyFrames: readonly KeyFrame[], at: FrameAt): TrackBox | null {
  const place = lastKeyFrame(keyFrames, at.index);
  const before = keyFrames[place];
  if (before === undefined || !before.isVisible) return null;
  if (before.location.index === at.index) return { box: before.box, isInterpolated: false };
  const next = keyFrames[place + 1];
  return next === undefined ? null : { box: between(before, next, at.seconds), isInterpolated: true };
}

/** The same within the track's segment, as it is now. */
export const boxInSegment = (
  { keyFrames }: Pick<Track, 'keyFrames'>,
  span: Pick<Span, 'from' | 'to'>,
  at: FrameAt,
): TrackBox | null => (at.index < span.from || at.index > span.to ? null : boxOnFrame(keyFrames, at));

/** A browser rounds the time of a picture to the millisecond at worst. */
const sameTimeSeconds = 0.001;

/**
 * The box of a track at a time in seconds since the recording's first frame, within its segment: for a moving picture, of whose
 * frame only the time is known. Null as in {@link boxOnFrame}.
 */
export function boxAtSeconds(
  { keyFrames }: Pick<Track, 'keyFrames'>,
  within: { readonly from: number; readonly to: number },
  seconds: number,
): Box | null {
  if (seconds < within.from - sameTimeSeconds || seconds >= within.to) return null;
  const place = lastWhere(keyFrames, ({ location }) => location.seconds <= seconds + sameTimeSeconds);
  const [before, next] = [keyFrames[place], keyFrames[place + 1]];
  if (before === undefined || !before.isVisible) return null;
  if (Math.abs(seconds - before.location.seconds) <= sameTimeSeconds) return before.box;
  return next === undefined ? null : between(before, next, seconds);
}

/**
 * The box from which a person goes on where they set a key frame on a frame: the one that is there, seen or not, or else that of
 * the nearest key frame.
 */
export function boxToGoOnFrom(keyFrames: readonly KeyFrame[], at: FrameAt): Box | null {
  const place = lastKeyFrame(keyFrames, at.index);
  const [before, next] = [keyFrames[place], keyFrames[place + 1]];
  if (before === undefined) return next?.box ?? null;
  return next === undefined ? before.box : between(before, next, at.seconds);
}

/** The key frame on a frame; null if there is none. */
export const keyFrameOn = (keyFrames: readonly KeyFrame[], index: number): KeyFrame | null =>
  keyFrames.find(({ location }) => location.index === index) ?? null;

/** The key frames that lie outside a segment, and so are not shown until it is longer. */
export const keyFramesOutside = (
  { keyFrames }: Pick<Track, 'keyFrames'>,
  { from, to }: Pick<Span, 'from' | 'to'>,
): KeyFrame[] => keyFrames.filter(({ location: { index } }) => index < from || index > to);

/** The frames of a segment on which the box may be shown: from the first key frame within reach to the last one. */
export function shownSpan(
  { keyFrames }: Pick<Track, 'keyFrames'>,
  span: Span,
): { from: FrameIndex; to: FrameIndex } | null {
  const first = keyFrames[0]?.location.index;
  const last = keyFrames.at(-1)?.location.index;
  if (first === undefined || last === undefined) return null;
  const from = first > span.from ? first : span.from;
  const to = last < span.to ? last : span.to;
  return from <= to ? { from, to } : null;
}

/** Sorts tracks by their first key frames, and those that begin together by when they were made. */
export const tracksInOrder = (tracks: readonly Track[]): Track[] =>
  [...tracks].sort(
    (one, other) =>
      (one.keyFrames[0]?.location.index ?? 0) - (other.keyFrames[0]?.location.index ?? 0) ||
      one.createdAt - other.createdAt ||
      (one.id < other.id ? -1 : 1),
  );

/** The place of the last key frame on or before a frame; -1 if there is none. */
const lastKeyFrame = (keyFrames: readonly KeyFrame[], index: number): number =>
  lastWhere(keyFrames, ({ location }) => location.index <= index);

/** The place of the last key frame of those at the beginning for which something holds; -1 if it holds for none. */
function lastWhere(keyFrames: readonly KeyFrame[], holds: (keyFrame: KeyFrame) => boolean): number {
  let [low, high] = [0, keyFrames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(keyFrames[middle] as KeyFrame)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function between(one: KeyFrame, other: KeyFrame, seconds: number): Box {
  const from = one.location.seconds;
  const length = other.location.seconds - from;
  const part = length > 0 ? Math.min(1, Math.max(0, (seconds - from) / length)) : 0;
  const edge = (place: 0 | 1 | 2 | 3): number => {
    const [a, b] = [one.box[place], other.box[place]];
    // Rounding must not carry an edge beyond where the person has set it.
    return Math.min(Math.max(a + (b - a) * part, Math.min(a, b)), Math.max(a, b));
  };
  return [edge(0), edge(1), edge(2), edge(3)];
}
