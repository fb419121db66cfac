import {
  frameHeaders,
  framePath,
  locationOf,
  WorkstationError,
  type FrameLocation,
  type VideoId,
} from '../../preload/contract/index.ts';
import { passed } from '../bridge/pass.ts';
import type { VideoTimes } from './frame-times.ts';
import { failureOf } from './media-failure.ts';
import type { FrameName } from '../view/timeline.ts';
import { RecentValues } from '../view/recent-values.ts';

/** One decoded frame: where it is, what its pixels are, and their hash. */
export interface Frame {
  /** The recording that it is of. */
  readonly videoId: VideoId;
  readonly location: FrameLocation;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
  /** The file is damaged here: the picture may not be what was recorded. */
  readonly isDamaged: boolean;
  /** Four bytes a pixel, opaque, row by row. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** What a question is about: the frame on the screen, once nothing moves and none is awaited any more. */
export interface Settled {
  /** Null where there is none: the index is being built, or the frame could not be had. */
  readonly frame: Frame | null;
  /** Another place was gone to before the awaited frame was on the screen. */
  readonly movedOn: boolean;
}

/** A frame on its way, and how many wait for it. */
interface Flight {
  readonly controller: AbortController;
  readonly frame: Promise<Frame>;
  waiting: number;
}

const keyOf = ({ videoId, index }: FrameName): string => `${videoId} ${index}`;

/** The status of a request whose place a newer one took. */
const superseded = 499;
const mostTries = 6;

/** About 12 frames of 1280x1024, or 8 of 1080p: the steps around the place. The workstation has those further away. */
const budgetBytes = 64 * 1024 * 1024;

/** Frames of any recording by exact index, from the decoder behind the contract, the last ones kept. */
export class FrameSource {
  readonly #times: VideoTimes;
  readonly #fetch: typeof fetch;
  readonly #recent = new RecentValues<string, Frame>(budgetBytes);
  readonly #flights = new Map<string, Flight>();
  /** How often pixels were forgotten: those that were asked for before are not kept. */
  #forgotten = 0;

  constructor(times: VideoTimes, fetchMedia: typeof fetch) {
    this.#times = times;
    this.#fetch = fetchMedia;
  }

  /** Forgets the pixels of before: the file may have become another. */
  forget(): void {
    this.#recent.clear();
    this.#flights.clear();
    this.#forgotten += 1;
  }

  has(frame: FrameName): boolean {
    return this.#recent.has(keyOf(frame));
  }

  /** A frame that is here already; undefined where it would have to be fetched. */
  kept(frame: FrameName): Frame | undefined {
    return this.#recent.get(keyOf(frame));
  }

  /** A frame by its name. One that several wait for is fetched once, and given up when none waits any more. */
  get(name: FrameName, signal: AbortSignal): Promise<Frame> {
    const key = keyOf(name);
    const kept = this.#recent.get(key);
    if (kept) return Promise.resolve(kept);
    const flight = this.#flights.get(key) ?? this.#depart(name);
    flight.waiting += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        flight.waiting -= 1;
        if (flight.waiting === 0) {
          flight.controller.abort();
          if (this.#flights.get(key) === flight) this.#flights.delete(key);
        }
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      flight.frame.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #depart(name: FrameName): Flight {
    const key = keyOf(name);
    const controller = new AbortController();
    const flight = { controller, waiting: 0, frame: this.#load(name, controller.signal) };
    this.#flights.set(key, flight);
    const arrived = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.frame.then(arrived, arrived);
    return flight;
  }

  async #load(name: FrameName, signal: AbortSignal): Promise<Frame> {
    const forgotten = this.#forgotten;
    const { videoId, index } = name;
    const [times, response] = await Promise.all([this.#times.of(videoId), this.#request(name, signal)]);
    const frame = await decoded(videoId, locationOf(times, index), response);
    if (forgotten === this.#forgotten) this.#recent.set(keyOf(name), frame, frame.pixels.byteLength);
    return frame;
  }

  async #request(name: FrameName, signal: AbortSignal): Promise<Response> {
    for (let tries = 1; ; tries += 1) {
      const response = await this.#ask(name, signal);
      // Another window asked for another frame of this recording meanwhile, which took the place of this one.
      if (response.status !== superseded || tries === mostTries || signal.aborted) return response;
      await new Promise((later) => setTimeout(later, 50 * tries));
    }
  }

  async #ask({ videoId, index }: FrameName, signal: AbortSignal): Promise<Response> {
    try {
      return await this.#fetch(passed(framePath(videoId, index)), { signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new WorkstationError(
        'unavailable',
        'The frame could not be fetched: the workstation does not answer.',
        'Check that it is still running, then step once more.',
      );
    }
  }
}

async function decoded(videoId: VideoId, location: FrameLocation, response: Response): Promise<Frame> {
  if (!response.ok) throw await failureOf(response, 'The frame');
  const number = (name: string): number => Number(response.headers.get(name) ?? NaN);
  const width = number(frameHeaders.width);
  const height = number(frameHeaders.height);
  const rgb = new Uint8Array(await response.arrayBuffer());
  if (number(frameHeaders.index) !== location.index || rgb.length !== width * height * 3) {
    throw new WorkstationError(
      'internal',
      `Frame ${location.index} came with other pixels than it says: ${rgb.length} bytes for ${width}x${height}.`,
      'Step away and back. If it happens again, restart the workstation.',
    );
  }
  return {
    videoId,
    location,
    hash: response.headers.get(frameHeaders.hash) ?? '',
    width,
    height,
    isDamaged: response.headers.get(frameHeaders.damaged) === '1',
    pixels: opaque(rgb),
  };
}

/** RGB24 to the four bytes a pixel that a canvas takes. */
export function opaque(rgb: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const count = rgb.length / 3;
  const words = new Uint32Array(count);
  for (let pixel = 0, byte = 0; pixel < count; pixel += 1, byte += 3) {
    // Little-endian, as every machine that runs this is: 0xAABBGGRR.
    words[pixel] =
      (0xff000000 | ((rgb[byte + 2] ?? 0) << 16) | ((rgb[byte + 1] ?? 0) << 8) | (rgb[byte] ?? 0)) >>> 0;
  }
  return new Uint8ClampedArray(words.buffer);
}
