import { FrameIndex, type Bridge, type Video } from '../../preload/contract/index.ts';
import type { MotionStart } from './motion.svelte.ts';

/** A stream's own end may differ from the video's by its rounding. */
const endSeconds = 0.02;

/** A browser shows the frame that holds a time: the frame's middle is the time least open to rounding. */
export async function middleOfFrame(
  bridge: Bridge,
  video: Video,
  at: { index: FrameIndex } | { seconds: number },
): Promise<MotionStart | null> {
  const here = await bridge.locate({ videoId: video.id, at });
  if (!here.ok) return null;
  const last = Math.max(0, (video.frameCount ?? 1) - 1);
  const next = FrameIndex.parse(Math.min(last, here.value.index + 1));
  const after = await bridge.locate({ videoId: video.id, at: { index: next } });
  const frame = here.value.seconds;
  return { frame, within: after.ok ? (frame + after.value.seconds) / 2 : frame };
}

/** The frame after the one on screen where a stream has ended before its video does; null where both have ended. */
export async function frameAfterStream(
  bridge: Bridge,
  video: Video,
  stream: { shownSeconds: number | null; endSeconds: number | null },
): Promise<number | null> {
  if (stream.shownSeconds === null || stream.endSeconds === null) return null;
  if (stream.endSeconds > (video.durationSeconds ?? 0) - endSeconds) return null;
  const here = await bridge.locate({ videoId: video.id, at: { seconds: stream.shownSeconds } });
  return here.ok && here.value.index < (video.frameCount ?? 0) - 1 ? here.value.index + 1 : null;
}
