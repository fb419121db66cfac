import type { FrameIdentity } from '../../preload/contract/domain.ts';
import { locationOf, type FrameLocation } from '../../preload/contract/places.ts';
import type { FrameRef } from '../../preload/contract/values.ts';
import type { DecodedFrame, FrameRequest, VideoLibrary } from '../recordings/index.ts';
import { frameMismatch } from './refusals.ts';

/**
 * Decodes the exact frame that is asked about, with its lasting identity and its place in the video. `expected` is the
 * hash of the picture that the person saw; throws `frame-mismatch` if the frame is another one now.
 */
export async function readAskedFrame(
  library: VideoLibrary,
  {
    videoId,
    index,
    expected,
    ...request
  }: FrameRequest & Pick<FrameRef, 'videoId' | 'index'> & { expected: string },
): Promise<{ frame: DecodedFrame; identity: FrameIdentity; location: FrameLocation }> {
  const { frame, times, facts } = await library.frame(videoId, index, request);
  if (frame.hash !== expected) throw frameMismatch(index);
  const identity: FrameIdentity = {
    fingerprint: facts.fingerprint,
    index: frame.index,
    pts: frame.pts,
    timeBase: times.timeBase,
    hash: frame.hash,
    decoder: facts.decoder,
    picture: { width: frame.width, height: frame.height },
    isDamaged: frame.isDamaged,
    ...(frame.eye && { eye: frame.eye }),
  };
  const location = locationOf(times, index);
  return { frame, identity, location };
}
