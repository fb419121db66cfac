import type { Size } from '../../../preload/contract/values.ts';
import type { DecoderCache } from '../graphs/model-graphs.ts';
import type { ImageGrid } from '../model/positions.ts';
import type { TokensAhead } from './tokens-ahead.ts';

/** The prompt up to the end of its image, with its keys and values: every text about the frame continues from here. */
export interface FramePrefix {
  readonly ids: Int32Array;
  /** Rows of `ids`, then those of `ahead` or, while texts are written, of the texts. */
  readonly cache: DecoderCache;
  /** Position of a text token less the number of tokens before it; see `PromptPositions`. */
  readonly delta: number;
  /** Null once a text has begun. */
  ahead: TokensAhead | null;
}

/** What a model's look at one picture gave. */
export interface Look {
  /** `[units, hidden]`, raster merge order. */
  readonly features: Float32Array;
  readonly grid: ImageGrid;
  readonly resized: Size;
}

/** The features of a frame, and its keys and values once it went through the decoder, kept for the next question on it. */
export class CachedFrame implements Look {
  readonly features: Float32Array;
  readonly grid: ImageGrid;
  readonly resized: Size;
  /** A second picture that stands behind the frame in the prompt; null without one. */
  readonly beside: Look | null;
  /** Null until a question was asked about the frame. */
  prefix: FramePrefix | null = null;
  /** How many callers use it at the moment; its memory is freed only once there are none. */
  users = 0;

  constructor(encoded: Look & { readonly beside?: Look | null }) {
    this.features = encoded.features;
    this.grid = encoded.grid;
    this.resized = encoded.resized;
    this.beside = encoded.beside ?? null;
  }

  /** The pictures in the order of the prompt. */
  get pictures(): readonly Look[] {
    return this.beside === null ? [this] : [this, this.beside];
  }

  /** Features that two of them share count with both. */
  get bytes(): number {
    const features = this.pictures.reduce((sum, picture) => sum + picture.features.byteLength, 0);
    return features + (this.prefix?.cache.bytes ?? 0);
  }
}

/**
 * Keeps the frames in use, and as many earlier ones as fit into the limit; the least recently used are dropped first.
 * Taking or adding a frame counts as using it until it is released.
 */
export class FrameCache {
  readonly limitBytes: number;
  readonly #frames = new Map<string, CachedFrame>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Of all frames that are kept, those in use included. */
  get bytes(): number {
    let sum = 0;
    for (const frame of this.#frames.values()) sum += frame.bytes;
    return sum;
  }

  take(key: string): CachedFrame | undefined {
    const frame = this.#frames.get(key);
    if (frame === undefined) return undefined;
    this.#frames.delete(key);
    this.#frames.set(key, frame);
    return this.retain(frame);
  }

  add(key: string, frame: CachedFrame): CachedFrame {
    const before = this.#frames.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#frames.set(key, frame);
    this.retain(frame);
    this.trim();
    return frame;
  }

  retain(frame: CachedFrame): CachedFrame {
    frame.users += 1;
    return frame;
  }

  release(frame: CachedFrame): void {
    frame.users -= 1;
    if (frame.users > 0) return;
    if (![...this.#frames.values()].includes(frame)) free(frame);
    this.trim();
  }

  /** Brings the bytes back under the limit, after a frame's buffers have grown. */
  trim(): void {
    const [first, rest] = [[], []] as [string[], string[]];
    let bytes = 0;
    for (const [key, frame] of this.#frames) {
      // A frame that exceeds the limit by itself is not kept, so that it does not push out all others.
      const tooLarge = frame.bytes > this.limitBytes;
      if (!tooLarge) bytes += frame.bytes;
      if (frame.users === 0) (tooLarge ? first : rest).push(key);
    }
    for (const key of first) this.#drop(key, this.#frames.get(key)!);
    for (const key of rest) {
      if (bytes <= this.limitBytes) break;
      const oldest = this.#frames.get(key)!;
      bytes -= oldest.bytes;
      this.#drop(key, oldest);
    }
  }

  clear(): void {
    for (const [key, frame] of this.#frames) this.#drop(key, frame);
  }

  #drop(key: string, frame: CachedFrame): void {
    this.#frames.delete(key);
    if (frame.users === 0) free(frame);
  }
}

function free(frame: CachedFrame): void {
  frame.prefix?.cache.dispose();
  frame.prefix = null;
}
