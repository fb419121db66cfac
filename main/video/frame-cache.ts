import type { RawFrame } from './decoder.ts';

/**
 * Decoded frames around the playhead, within a budget of bytes. When it is full, the frame farthest from the playhead goes
 * first: stepping needs the near ones, and after a jump the old place empties by itself. Frames are kept as the decoder
 * gave them (4:2:0 takes half of RGB's room) and turned into RGB when asked for.
 */
export class FrameCache {
  readonly #frames = new Map<number, RawFrame>();
  readonly #capacity: number;
  #playhead = 0;

  /** @param frameBytes size of one raw frame; at least 8 frames are kept whatever the budget */
  constructor(budgetBytes: number, frameBytes: number) {
    this.#capacity = Math.max(8, Math.floor(budgetBytes / frameBytes));
  }

  /** The most frames that are held at the same time. */
  get capacity(): number {
    return this.#capacity;
  }

  get size(): number {
    return this.#frames.size;
  }

  get(index: number): RawFrame | undefined {
    return this.#frames.get(index);
  }

  movePlayhead(index: number): void {
    this.#playhead = index;
  }

  put(frame: RawFrame): void {
    this.#frames.set(frame.index, frame);
    while (this.#frames.size > this.#capacity) {
      let farthest = -1;
      for (const index of this.#frames.keys()) {
        if (farthest < 0 || this.#distance(index) > this.#distance(farthest)) farthest = index;
      }
      this.#frames.delete(farthest);
    }
  }

  /** How many frames follow the playhead without a gap, up to `limit`; `step` is 1 or -1. */
  contiguous(step: 1 | -1, limit: number): number {
    let count = 0;
    while (count < limit && this.#frames.has(this.#playhead + step * (count + 1))) count++;
    return count;
  }

  clear(): void {
    this.#frames.clear();
  }

  #distance(index: number): number {
    return Math.abs(index - this.#playhead);
  }
}
