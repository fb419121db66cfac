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
} from '../../preload/contract/index.ts';
import { passed } from '../bridge/pass.ts';
import { failureOf } from './media-failure.ts';

/** A frame and its times, in seconds since the first frame. */
export interface FramePlace {
  readonly index: FrameIndex;
  readonly seconds: number;
  readonly endSeconds: number;
}

/**
 * The times of all frames of the open video, fetched once: from then on the window works out by itself where a frame is and
 * which frame is at a time, by the maths that everybody shares. A video whose frames were counted anew is fetched anew.
 */
export class VideoTimes {
  readonly #video: () => Video;
  readonly #fetch: typeof fetch;
  #kept: { readonly name: string; readonly times: Promise<FrameTimes> } | null = null;

  constructor(video: () => Video, fetchMedia: typeof fetch) {
    this.#video = video;
    this.#fetch = fetchMedia;
  }

  /** Throws what the workstation answers, and `unavailable` where it does not. A failure is forgotten. */
  get(): Promise<FrameTimes> {
    const { fingerprint, frameCount } = this.#video();
    const name = `${fingerprint} ${frameCount}`;
    if (this.#kept?.name === name) return this.#kept.times;
    const times = this.#load();
    const kept = { name, times };
    this.#kept = kept;
    times.catch(() => {
      if (this.#kept === kept) this.#kept = null;
    });
    return times;
  }

  /** Null where the times of the frames are not there, or there is no such frame. */
  async placeOf(index: number): Promise<FramePlace | null> {
    const times = await this.get().catch(() => null);
    if (times === null || index >= times.ticks.length) return null;
    const place = { seconds: secondsOfFrame(times, index), endSeconds: endSecondsOfFrame(times, index) };
    return { index: FrameIndex.parse(index), ...place };
  }

  /** The frame at a time; null where the times of the frames are not there. */
  async indexAt(seconds: number): Promise<FrameIndex | null> {
    const times = await this.get().catch(() => null);
    return times && frameAtSeconds(times, Math.max(0, seconds));
  }

  async #load(): Promise<FrameTimes> {
    let response: Response;
    try {
      response = await this.#fetch(passed(frameTimesPath(this.#video().id)));
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
