import { LRUCache } from 'lru-cache';
import type { DecodedFrame } from './decoder.ts';
import { FrameSlots } from './frame-slots.ts';

/** A cache that was asked for a frame within this time is in use, and keeps its share while others want room. */
const inUseMilliseconds = 5000;
/** How many frames are kept in the form that people and models see: those on screen and those that work asked for last. */
const mostFinished = 4;

/** What holds decoded frames of one recording. */
export interface FrameHolder {
  readonly bytes: number;
  /** Gives up so many bytes or a little more; returns how many. */
  giveUp(bytes: number): number;
}

/**
 * The bytes that decoded frames of several recordings may take together. Those in use share them evenly; what the others
 * still hold is given up first, that of the one left longest ago.
 */
export class FrameBudget {
  readonly #limit: number;
  readonly #now: () => number;
  /** When each cache was in use last. */
  readonly #caches = new Map<FrameHolder, number>();
  readonly slots = new FrameSlots();
  /** Frames in RGB, by names that hold their recording. */
  readonly finished: LRUCache<string, DecodedFrame>;

  constructor(bytes: number, now: () => number = () => performance.now()) {
    this.#now = now;
    // Three frames of 1080p in the usual budget. The newest one stays, however large it is.
    const forFinished = Math.max(1, Math.floor(bytes / 8));
    this.#limit = bytes - forFinished;
    this.finished = new LRUCache({
      max: mostFinished,
      maxSize: forFinished,
      sizeCalculation: ({ rgb }) => Math.max(1, Math.min(rgb.length, forFinished)),
    });
  }

  /** Bytes of decoded frames that are held now, without those that are finished. */
  get held(): number {
    let bytes = 0;
    for (const cache of this.#caches.keys()) bytes += cache.bytes;
    return bytes;
  }

  /** Bytes that a cache may count on while it is in use. */
  shareOf(cache: FrameHolder): number {
    let sharing = 1;
    for (const other of this.#caches.keys()) if (other !== cache && this.#isInUse(other)) sharing++;
    return this.#limit / sharing;
  }

  use(cache: FrameHolder): void {
    this.#caches.delete(cache);
    this.#caches.set(cache, this.#now());
  }

  /** Takes back from other caches what is wanting for all that `wanting` holds; returns how many bytes still are. */
  makeRoom(wanting: FrameHolder): number {
    let over = this.held - this.#limit;
    // In the order of their use, the one left longest ago first.
    for (const cache of this.#caches.keys()) {
      if (over <= 0) break;
      if (cache === wanting) continue;
      const kept = this.#isInUse(cache) ? this.shareOf(cache) : 0;
      over -= cache.giveUp(Math.min(over, cache.bytes - kept));
    }
    return over;
  }

  leave(cache: FrameHolder): void {
    this.#caches.delete(cache);
  }

  #isInUse(cache: FrameHolder): boolean {
    return this.#now() - (this.#caches.get(cache) ?? -Infinity) < inUseMilliseconds;
  }
}
