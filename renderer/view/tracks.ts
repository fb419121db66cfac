import {
  boxInSegment,
  boxToGoOnFrom,
  keyFrameOn,
  type Box,
  type KeyFrame,
  type Segment,
  type Track,
} from '../../preload/contract/index.ts';

/** A track with the segment within which it is shown. */
export interface PlacedTrack {
  readonly track: Track;
  readonly segment: Segment;
}

/**
 * How a track stands on a frame: set there by a person, worked out between two key frames, out of sight, not said yet (before
 * its first key frame, or behind its last one), or outside its segment.
 */
export type TrackState = 'key-frame' | 'interpolated' | 'not-visible' | 'not-said' | 'outside';

export interface TrackOnFrame {
  readonly state: TrackState;
  /** Where the box is; where it is not there, from where it goes on. */
  readonly box: Box | null;
}

/** How a track stands on a frame, which is named by its index and its seconds since the recording's first frame. */
export function trackOnFrame(
  { track, segment }: PlacedTrack,
  at: { readonly index: number; readonly seconds: number },
): TrackOnFrame {
  const { keyFrames } = track;
  const goesOnFrom = boxToGoOnFrom(keyFrames, at);
  if (at.index < segment.span.from || at.index > segment.span.to)
    return { state: 'outside', box: goesOnFrom };
  const found = boxInSegment(track, segment.span, at);
  if (found !== null) return { state: found.isInterpolated ? 'interpolated' : 'key-frame', box: found.box };
  const before = keyFrames.findLast(({ location }) => location.index <= at.index);
  return before?.isVisible === false
    ? { state: 'not-visible', box: goesOnFrom }
    : { state: 'not-said', box: goesOnFrom };
}

export const trackStateWords: Readonly<Record<TrackState, string>> = {
  'key-frame': 'key frame',
  interpolated: 'interpolated',
  'not-visible': 'not visible',
  'not-said': 'no box on this frame yet',
  outside: 'outside its segment',
};

/** Between which frames a key frame can be moved: within its segment, and past no other key frame. */
export function keyFrameLimits(
  { track, segment }: PlacedTrack,
  index: number,
): { readonly least: number; readonly most: number } {
  const others = track.keyFrames.map(({ location }) => location.index).filter((other) => other !== index);
  const before = others.filter((other) => other < index).map((other) => other + 1);
  const behind = others.filter((other) => other > index).map((other) => other - 1);
  return {
    least: Math.max(segment.span.from, ...before),
    most: Math.min(segment.span.to, ...behind),
  };
}

/** The next key frame behind a frame (1), or the last one before it (-1); null if there is none. */
export function neighbourKeyFrame(
  { track: { keyFrames } }: PlacedTrack,
  index: number,
  direction: -1 | 1,
): KeyFrame | null {
  return direction > 0
    ? (keyFrames.find(({ location }) => location.index > index) ?? null)
    : (keyFrames.findLast(({ location }) => location.index < index) ?? null);
}

/** "Key frame 2 of 5": the place of the key frame on a frame among all; null if there is none. */
export function keyFrameInWords({ track: { keyFrames } }: PlacedTrack, index: number): string | null {
  const key = keyFrameOn(keyFrames, index);
  return key && `Key frame ${keyFrames.indexOf(key) + 1} of ${keyFrames.length}`;
}

/** The segment in which a box on a frame is carried: the chosen one, or else the shortest that has the frame. */
export function segmentFor(
  segments: readonly Segment[],
  index: number,
  chosen: Segment | null,
): Segment | null {
  const around = segments.filter(({ span }) => span.from <= index && index <= span.to);
  const found = around.find(({ id }) => id === chosen?.id);
  if (found !== undefined) return found;
  const length = ({ span }: Segment): number => span.to - span.from;
  return around.reduce<Segment | null>(
    (best, segment) => (best === null || length(segment) < length(best) ? segment : best),
    null,
  );
}
