import {
  endSecondsOfFrame,
  frameAtSeconds,
  FrameIndex,
  frameTimesFromBytes,
  frameTimesPath,
  secondsOfFrame,
  WorkstationError,
  type FrameTimes,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import { passed } from '../bridge/pass.ts';
import { failureOf } from './media-failure.ts';
import type { Reel } from './recordings.svelte.ts';

/** A frame and its times, in seconds since the first frame of its recording. */
export interface FramePlace {
  readonly videoId: VideoId;
  readonly index: FrameIndex;
  readonly seconds: number;
  readonly endSeconds: number;
}

/**
 * The times of all frames of the case's recordings, fetched once each: from then on the window works out by itself where a frame
 * is and which frame is at a time, by the maths that everybody shares. A video whose frames were counted anew is fetched anew.
 */
export class VideoTimes {
  readonly #recordings: Pick<Reel, 'shown' | 'find'>;
  readonly #fetch: typeof fetch;
  readonly #kept = new Map<VideoId, { readonly name: string; readonly times: Promise<FrameTimes> }>();

  constructor(recordings: Pick<Reel, 'shown' | 'find'>, fetchMedia: typeof fetch) {
    this.#recordings = recordings;
    this.#fetch = fetchMedia;
  }

  /** Of a recording, or of the one on show. Throws what the workstation answers, and `unavailable` where it does not. A failure is forgotten. */
  get(video: Video = this.#recordings.shown): Promise<FrameTimes> {
    const { id, fingerprint, frameCount } = video;
    const name = `${fingerprint} ${frameCount}`;
    const known = this.#kept.get(id);
    if (known?.name === name) return known.times;
    const times = this.#load(id);
    const kept = { name, times };
    this.#kept.set(id, kept);
    times.catch(() => {
      if (this.#kept.get(id) === kept) this.#kept.delete(id);
    });
    return times;
  }

  /** The same of a recording by its id. */
  of(videoId: VideoId): Promise<FrameTimes> {
    return this.get(this.#recordings.find(videoId) ?? this.#recordings.shown);
  }

  /** Null where the times of the frames are not there, or there is no such frame. */
  async placeOf(index: number, videoId: VideoId = this.#recordings.shown.id): Promise<FramePlace | null> {
    const times = await this.of(videoId).catch(() => null);
    if (times === null || index >= times.ticks.length) return null;
    const place = { seconds: secondsOfFrame(times, index), endSeconds: endSecondsOfFrame(times, index) };
    return { videoId, index: FrameIndex.parse(index), ...place };
  }

  /** The frame at a time of a recording; null where the times of its frames are not there. */
  async indexAt(seconds: number, videoId: VideoId = this.#recordings.shown.id): Promise<FrameIndex | null> {
    const times = await this.of(videoId).catch(() => null);
    return times && frameAtSeconds(times, Math.max(0, seconds));
  }

  async #load(videoId: VideoId): Promise<FrameTimes> {
    let response: Response;
    try {
      response = await this.#fetch(passed(frameTimesPath(videoId)));
    } catch {
      throw new WorkstationError(
        'unavailable',
        'The times of the frames could not be fetched: the workstation does not answer.',
        'Check that it is still running, then step once more.',
      );
    }
    if (!response.ok) throw await failureOf(response, 'The times of the frames');
    return frameTimesFromBytes(await response.arrayBuffer());
  }
}
