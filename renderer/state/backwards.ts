import type { FrameLocation } from '../../preload/contract/index.ts';

/** Between looks at the clock, in ms. */
const shortestWaitMilliseconds = 8;

export interface Backwards {
  readonly from: FrameLocation;
  /** How many times as fast as the video; a whole number. */
  readonly rate: number;
  /** A frame's mean length. */
  readonly frameSeconds: number;
  readonly goesOn: () => boolean;
  /** The frame on the screen. */
  readonly index: () => number;
  readonly indexAt: (seconds: number) => number;
  readonly show: (index: number) => Promise<void>;
  readonly fetchAhead: (index: number) => void;
}

/**
 * Plays backwards to the first frame, exact frame after exact frame, at the pace of the clock: what the decoder brings too
 * late is left out. No browser plays backwards by itself.
 */
export async function playBackwards(way: Backwards): Promise<void> {
  const { from, rate } = way;
  const began = performance.now();
  while (way.goesOn() && way.index() > 0) {
    const seconds = Math.max(0, from.seconds - (rate * (performance.now() - began)) / 1000);
    const due = way.indexAt(seconds);
    // Every frame at 1, every second at 2: then the one that comes next is known and can be fetched ahead.
    const index = seconds === 0 ? 0 : from.index - Math.floor((from.index - due) / rate) * rate;
    if (index < way.index()) {
      await way.show(index);
      way.fetchAhead(index - rate);
    }
    await wait(Math.max(shortestWaitMilliseconds, way.frameSeconds * 250));
  }
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
