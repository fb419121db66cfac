import { createCanvas } from '@napi-rs/canvas';
import { LRUCache } from 'lru-cache';
import { Readable } from 'node:stream';
import {
  eyeInWords,
  TaskQueue,
  type FrameIndex,
  type FrameTimes,
  type StereoEye,
  type VideoId,
} from '../../preload/contract/index.ts';
import { putPicture } from '../platform/picture.ts';
import type { DecodedFrame, Recording } from './ports.ts';

/** Where pixels and streams come from. */
export interface OpenVideos {
  frame: (videoId: VideoId, index: FrameIndex, signal?: AbortSignal) => Promise<DecodedFrame>;
  recording: (videoId: VideoId) => Promise<Recording>;
}

/** Pixels and streams of videos for the loopback server. Failures are WorkstationErrors. */
export interface VideoMedia {
  /** The exact frame, as the model gets it. */
  frame: (videoId: VideoId, index: FrameIndex, signal: AbortSignal) => Promise<DecodedFrame>;
  /** When each frame is shown, once they are counted. */
  frameTimes: (videoId: VideoId) => Promise<FrameTimes>;
  /** The file itself; `range` is the request's Range header, the status 200, 206 or 416. */
  byteRange: (
    videoId: VideoId,
    range: string | undefined,
  ) => Promise<{ status: number; headers: Readonly<Record<string, string>>; stream: Readable }>;
  /** The video from `startSeconds` on, in a form that browsers play, with its sound where that is wished; ends with the signal. */
  transcoded: (
    videoId: VideoId,
    startSeconds: number,
    wishes: { withSound: boolean; signal: AbortSignal },
  ) => Promise<{ headers: Readonly<Record<string, string>>; stream: Readable }>;
  /** A small picture of the key frame at or before `index`, for the timeline only. */
  thumbnail: (
    videoId: VideoId,
    index: FrameIndex,
    width: number,
    signal: AbortSignal,
  ) => Promise<{ jpeg: Uint8Array }>;
}

const keptThumbnails = 2000;

export function createVideoMedia(videos: OpenVideos): VideoMedia {
  const thumbnails = new LRUCache<string, Uint8Array>({ max: keptThumbnails });
  // Thumbnails are made one at a time, so that a model's frame never waits behind a whole timeline of them.
  const queue = new TaskQueue();

  return {
    frame: (videoId, index, signal) => videos.frame(videoId, index, signal),
    frameTimes: async (videoId) => (await (await videos.recording(videoId)).indexed()).times,
    byteRange: async (videoId, range) => {
      const { status, headers, stream } = await (await videos.recording(videoId)).byteRange(range);
      return { status, headers, stream: stream ?? Readable.from([]) };
    },
    transcoded: async (videoId, startSeconds, wishes) => {
      const recording = await videos.recording(videoId);
      await recording.indexed();
      const { contentType, stream } = await recording.transcodedStream(startSeconds, wishes);
      return { headers: { 'content-type': contentType, 'cache-control': 'no-store' }, stream };
    },
    thumbnail: async (videoId, index, width, signal) => {
      const recording = await videos.recording(videoId);
      await recording.indexed();
      // Decoding a key frame costs a tenth of decoding a frame deep in its group of pictures.
      const key = recording.keyFrameBefore(index);
      const nameFor = (eye?: StereoEye | null) => `${videoId} ${key} ${width} ${eyeInWords(eye)}`;
      const make = async (): Promise<Uint8Array> => {
        const kept = thumbnails.get(nameFor(recording.facts.eye));
        if (kept) return kept;
        const frame = await recording.frame(key, { signal, priority: 'work' });
        const jpeg = shrink(frame, width);
        thumbnails.set(nameFor(frame.eye), jpeg);
        return jpeg;
      };
      return { jpeg: await queue.run(make, { signal }) };
    },
  };
}

function shrink(frame: DecodedFrame, width: number): Uint8Array {
  const whole = createCanvas(frame.width, frame.height);
  putPicture(whole.getContext('2d'), frame);
  const small = createCanvas(width, Math.max(1, Math.round((frame.height * width) / frame.width)));
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(whole, 0, 0, small.width, small.height);
  return small.toBuffer('image/jpeg', 80);
}
