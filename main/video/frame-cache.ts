import type { RawFrame } from './decoder.ts';
import type { FrameBudget, FrameHolder } from './frame-budget.ts';
import type { FrameSlot } from './frame-slots.ts';

/** The fewest frames that a cache in use keeps, whatever the budget. */
const fewest = 8;
/** How many times as far away a frame counts that lies where the playhead comes from. */
const behindCounts = 3;

/**
 * Decoded frames around the playhead, within a budget of bytes that several recordings share. When it is full, the frame
 * farthest from the playhead goes first: stepping needs the near ones, most of all those ahead, and after a jump the old place
 * empties by itself. Frames are kept as the decoder gave them (4:2:0 takes half of RGB's room) and turned into RGB when asked
 * for.
 */
export class FrameCache implements FrameHolder {
  readonly #frames = new Map<number, { readonly frame: RawFrame; readonly slot: FrameSlot }>();
  readonly #budget: FrameBudget;
  readonly #frameBytes: number;
  #bytes = 0;
  #playhead = 0;
  #direction: 1 | -1 = 1;

  /** @param frameBytes size of the largest raw frame; at least 8 frames are kept whatever the budget */
  constructor(budget: FrameBudget, frameBytes: number) {
    this.#budget = budget;
    this.#frameBytes = frameBytes;
  }

  /** The most frames that are held at the same time, as long as no other recording comes into use. */
  get capacity(): number {
    return Math.max(fewest, Math.floor(this.#budget.shareOf(this) / this.#frameBytes));
  }

  get size(): number {
    return this.#frames.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A frame that is there; its data may be read until another one is put. */
  get(index: number): RawFrame | undefined {
    return this.#frames.get(index)?.frame;
  }

  /** @param direction where the playhead is going */
  movePlayhead(index: number, direction: 1 | -1): void {
    this.#playhead = index;
    this.#direction = direction;
    this.#budget.use(this);
  }

  /** How many frames fit on one side of the playhead once the cache is full. */
  room(side: 1 | -1): number {
    const behind = Math.floor((this.capacity - 1) / (behindCounts + 1));
    return side === this.#direction ? this.capacity - 1 - behind : behind;
  }

  /** Keeps a copy of a frame. */
  put(frame: RawFrame): void {
    this.#drop(frame.index);
    const slot = this.#budget.slots.take(frame.data.length);
    slot.data.set(frame.data);
    this.#frames.set(frame.index, { frame: { ...frame, data: slot.data }, slot });
    this.#bytes += frame.data.length;
    const { capacity } = this;
    while (this.#frames.size > capacity) this.#dropFarthest();
    this.giveUp(Math.min(this.#budget.makeRoom(this), this.#bytes - fewest * this.#frameBytes));
  }

  /** Gives up so many bytes or a little more, the farthest frames first; returns how many. */
  giveUp(bytes: number): number {
    const before = this.#bytes;
    while (this.#bytes > Math.max(0, before - bytes)) this.#dropFarthest();
    return before - this.#bytes;
  }

  /** How many frames follow the playhead without a gap, up to `limit`; `step` is 1 or -1. */
  contiguous(step: 1 | -1, limit: number): number {
    let count = 0;
    while (count < limit && this.#frames.has(this.#playhead + step * (count + 1))) count++;
    return count;
  }

  clear(): void {
    for (const index of this.#frames.keys()) this.#drop(index);
    this.#budget.leave(this);
  }

  #dropFarthest(): void {
    let farthest = -1;
    for (const index of this.#frames.keys())
      if (farthest < 0 || this.#distance(index) > this.#distance(farthest)) farthest = index;
    this.#drop(farthest);
  }

  #drop(index: number): void {
    const held = this.#frames.get(index);
    if (!held) return;
    this.#frames.delete(index);
    this.#bytes -= held.slot.data.length;
    held.slot.free();
  }

  #distance(index: number): number {
    const ahead = (index - this.#playhead) * this.#direction;
    return ahead < 0 ? -ahead * behindCounts : ahead;
  }
}
