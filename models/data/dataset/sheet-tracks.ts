import { z } from 'zod';
import type { ActorId } from '../../../preload/contract/context.ts';
import type { FrameTimes } from '../../../preload/contract/frames.ts';
import type { Segment } from '../../../preload/contract/marks.ts';
import { locationOf } from '../../../preload/contract/places.ts';
import { StereoEye } from '../../../preload/contract/stereo.ts';
import { boxOnFrame, keyFrameOn, shownSpan, type Track } from '../../../preload/contract/tracks.ts';
import { Box, Sha256, Size, Timestamp } from '../../../preload/contract/values.ts';

/** The box of one frame. Only one that a person has set on this very frame is a human label. */
export const SheetBox = z.object({
  /** Index of the frame in its recording. */
  index: z.int().min(0),
  /** In ticks of the recording's time base, and in seconds since its first frame. */
  pts: z.number(),
  seconds: z.number(),
  /** In pixels of `picture`. */
  box: Box,
  /** True: worked out between two key frames, and seen by nobody. False: set by a person on this frame. */
  interpolated: z.boolean(),
  /** SHA-256 of the pixels on which the person set it; null where nobody did. */
  hash: Sha256.nullable(),
});

/** A box that a person has carried over the frames of a segment. */
export const SheetTrack = z.object({
  trackId: z.string().min(1),
  segment: z.object({ id: z.string().min(1), name: z.string() }),
  /** What the thing in it is. */
  label: z.string().min(1),
  /** Fingerprint of the recording's file. */
  fingerprint: z.string(),
  eye: StereoEye.nullable(),
  /** Size of the picture in which the boxes lie, in pixels. */
  picture: Size,
  actor: z.string(),
  createdAt: Timestamp,
  /** Every frame of the segment on which the thing is visible, in their order. */
  boxes: z.array(SheetBox),
});
export type SheetTrack = z.infer<typeof SheetTrack>;

/** The boxes that one person carried over frames, each frame's marked as set by hand or interpolated. */
export async function sheetTracks(
  { tracks, segments }: { tracks: readonly Track[]; segments: readonly Segment[] },
  actor: ActorId,
  recordingOf: (videoId: Track['videoId']) => Promise<{ fingerprint: string; times: FrameTimes }>,
): Promise<SheetTrack[]> {
  const found: SheetTrack[] = [];
  for (const track of tracks) {
    const segment = segments.find(({ id }) => id === track.segmentId);
    const span = segment && shownSpan(track, segment.span);
    if (segment === undefined || !span || track.actor !== actor) continue;
    const { fingerprint, times } = await recordingOf(track.videoId);
    const boxes = [];
    for (let index: number = span.from; index <= span.to && index < times.ticks.length; index += 1) {
      const { pts, seconds } = locationOf(times, index);
      const there = boxOnFrame(track.keyFrames, { index, seconds });
      if (there === null) continue;
      const hash = there.isInterpolated ? null : (keyFrameOn(track.keyFrames, index)?.hash ?? null);
      boxes.push({ index, pts, seconds, box: there.box, interpolated: there.isInterpolated, hash });
    }
    const { id: trackId, label, eye, picture, createdAt } = track;
    const { id, name } = segment;
    found.push({
      ...{ trackId, segment: { id, name }, label, fingerprint, eye, picture, actor, createdAt, boxes },
    });
  }
  return found;
}
