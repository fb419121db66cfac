import { isSameEye, type StereoEye } from './stereo.ts';
import type { AnswerId, FrameIndex, VideoId } from './values.ts';

/** Relative addresses of pixels and streams on the loopback server that also serves the window. */

/** Raw RGB24 bytes of one decoded frame, row by row; headers in `frameHeaders`. */
export const framePath = (videoId: VideoId, index: FrameIndex): string => `/media/frames/${videoId}/${index}`;
/** The times of all frames of a video, once they are counted, in the format of `times-bytes.ts`. */
export const frameTimesPath = (videoId: VideoId): string => `/media/frame-times/${videoId}`;
/** The video file itself, with byte ranges. */
export const videoPath = (videoId: VideoId): string => `/media/videos/${videoId}`;
/** A stream from `startSeconds` on, which is transcoded while it is sent; without sound unless that is asked for. */
export const transcodedVideoPath = (videoId: VideoId, startSeconds: number, withSound = false): string =>
  `/media/videos/${videoId}/transcoded?start=${startSeconds.toFixed(3)}${withSound ? '&sound=1' : ''}`;
/**
 * A small JPEG near the given frame, for the timeline only and never for review or the model. The eye is part of the address
 * so that a browser does not reuse another eye's picture; the recording decides which eye is drawn.
 */
export const thumbnailPath = (
  videoId: VideoId,
  index: FrameIndex,
  width: number,
  eye: StereoEye | null = null,
): string =>
  `/media/thumbnails/${videoId}/${index}?width=${width}${isSameEye(eye, null) ? '' : `&eye=${eyeName(eye)}`}`;

const eyeName = (eye: StereoEye | null): string =>
  eye ? `${eye.layout}-${eye.eye}${eye.squeezed ? '-half' : ''}` : '';
/** PNG of the answer's frame with box and label drawn on it. */
export const stillPath = (answerId: AnswerId): string => `/media/stills/${answerId}.png`;
/** The WebP that was kept of an answer's frame, to look at while its video is missing, never for measuring or the model. */
export const keptPicturePath = (answerId: AnswerId): string => `/media/kept-pictures/${answerId}.webp`;

export const frameHeaders = {
  index: 'x-frame-index',
  pts: 'x-frame-pts',
  hash: 'x-frame-hash',
  width: 'x-frame-width',
  height: 'x-frame-height',
  /** `1` if the file is damaged at this frame, else `0`. */
  damaged: 'x-frame-damaged',
} as const;
