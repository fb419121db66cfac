import type { Size } from '../../preload/contract/values.ts';
import type { DecoderCache } from './model-graphs.ts';
import type { ImageGrid } from './positions.ts';

/** What a frame costs to look at, kept for the next question on it. */
export interface SeenFrame {
  /** `[units, hidden]`, raster merge order. */
  readonly features: Float32Array;
  readonly grid: ImageGrid;
  readonly resized: Size;
  /** The prompt up to the end of the image, and its keys and values; null until a question was asked. */
  prefix: { readonly ids: Int32Array; readonly cache: DecoderCache } | null;
}

function bytesOf(frame: SeenFrame): number {
  return frame.features.byteLength + (frame.prefix?.cache.bytes ?? 0);
}

/** Least recently used frames go first once the bytes are more than the limit. */
export class FrameCache {
  readonly limitBytes: number;
  readonly #frames = new Map<string, SeenFrame>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    let sum = 0;
    for (const frame of this.#frames.values()) sum += bytesOf(frame);
    return sum;
  }

  get(key: string): SeenFrame | undefined {
    const frame = this.#frames.get(key);
    if (frame !== undefined) {
      this.#frames.delete(key);
      this.#frames.set(key, frame);
    }
    return frame;
  }

  /** Adds or refreshes a frame. One that is larger than the limit alone is not kept, and drives none out. */
  set(key: string, frame: SeenFrame): void {
    const before = this.#frames.get(key);
    if (before !== undefined && before !== frame) this.#drop(key, before);
    this.#frames.delete(key);
    if (bytesOf(frame) > this.limitBytes) return;
    this.#frames.set(key, frame);
    this.trim();
  }

  /** Brings the bytes back under the limit, after a frame's buffers have grown. */
  trim(): void {
    let bytes = this.bytes;
    for (const [oldest, old] of this.#frames) {
      if (bytes <= this.limitBytes) break;
      bytes -= bytesOf(old);
      this.#drop(oldest, old);
    }
  }

  clear(): void {
    for (const [key, frame] of this.#frames) this.#drop(key, frame);
  }

  #drop(key: string, frame: SeenFrame): void {
    this.#frames.delete(key);
    frame.prefix?.cache.dispose();
    frame.prefix = null;
  }
}
