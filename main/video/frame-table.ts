import type { FrameTimes } from '../../preload/contract/frames.ts';
import type { TimeBase } from '../../preload/contract/values.ts';
import type { FormatRun, FrameFormat } from './frame-format.ts';
import type { VideoProbe } from './probe.ts';
import type { TransportPart } from './transport-parts.ts';

/** How a table was made: from the container's packets (checked by decoding samples), or by decoding every frame. */
export type TableSource = 'packets' | 'decoded';

/**
 * Every frame of a video in presentation order. Ticks are integers held in doubles (exact to 2^53), 8 bytes a frame: 10 MB
 * for six hours at 60 frames per second.
 */
export interface FrameTable extends FrameTimes {
  readonly timeBase: TimeBase;
  readonly ticks: Float64Array;
  readonly endTicks: number;
  /** 1 where decoding can start. The first frame always counts as one. */
  readonly keys: Uint8Array;
  /** Formats of the frames, in order; the first run begins at frame 0. Decoding adds those that it finds on the way. */
  formats: readonly FormatRun[];
  /** 1 for each frame that is damaged, when all frames were decoded; null where that is looked at when one is asked for. */
  readonly damaged: Uint8Array | null;
  /** The decoder complained of this file, so that only one thread gives the same pictures every time. */
  readonly singleThread: boolean;
  /** Adler-32 of each decoded frame, when all of them were decoded; else null. */
  readonly checksums: Uint32Array | null;
  readonly source: TableSource;
  /** False where times are missing, repeated or run backwards: then only decoding from the start is sure. */
  readonly seekable: boolean;
  /** Where the picture goes on in another stream of the file; none where it stays in one. */
  readonly parts: readonly TablePart[];
  /** Parts of the picture that no decoder reads, whose frames are missing here. */
  readonly lostParts: number;
}

/** What a file says of the one stream in which a part of its picture lies. */
export const partFacts = [
  ...(['codec', 'profile', 'streamIndex', 'width', 'height', 'pixelAspect', 'orientation'] as const),
  ...(['pixelFormat', 'colourMatrix', 'colourTags', 'fullRange'] as const),
] as const;
export type PartFacts = Pick<VideoProbe, (typeof partFacts)[number]>;

/** A part of a recording that goes on in another stream of its file, as the index keeps it. */
export interface PartHead extends TransportPart {
  /** Its first frame. */
  readonly first: number;
  readonly facts: PartFacts;
  readonly endTicks: number;
  readonly seekable: boolean;
  readonly singleThread: boolean;
}

export interface TablePart extends PartHead {
  /** The frames of this part alone, counted from 0. */
  readonly table: FrameTable;
}

/** Collects frames in the order in which they come, without knowing how many. */
export class FrameTableBuilder {
  #ticks = new Float64Array(4096);
  #keys = new Uint8Array(4096);
  #checksums = new Uint32Array(4096);
  #length = 0;
  #rising = true;

  get length(): number {
    return this.#length;
  }

  /** `ticks` null stands for a frame without a time: it gets that of the frame before, and the table is not seekable. */
  add(ticks: number | null, isKey: boolean, checksum = 0): void {
    if (this.#length === this.#ticks.length) this.#grow();
    const before = this.#length > 0 ? (this.#ticks[this.#length - 1] as number) : 0;
    const time = ticks ?? before;
    if (ticks === null || (this.#length > 0 && time <= before)) this.#rising = false;
    this.#ticks[this.#length] = time;
    this.#keys[this.#length] = isKey ? 1 : 0;
    this.#checksums[this.#length] = checksum;
    this.#length++;
  }

  /** Says afterwards that frame `index` is a key frame. */
  setKey(index: number): void {
    this.#keys[index] = 1;
  }

  /** Sorts into presentation order; for packets, which come in decoding order. */
  sort(): void {
    const order = new Uint32Array(this.#length).map((_, index) => index);
    const ticks = this.#ticks;
    order.sort((a, b) => (ticks[a] as number) - (ticks[b] as number));
    const keys = this.#keys;
    const checksums = this.#checksums;
    this.#ticks = Float64Array.from(order, (index) => ticks[index] as number);
    this.#keys = Uint8Array.from(order, (index) => keys[index] as number);
    this.#checksums = Uint32Array.from(order, (index) => checksums[index] as number);
    this.#rising = true;
    for (let index = 1; index < this.#length; index++) {
      if ((this.#ticks[index] as number) <= (this.#ticks[index - 1] as number)) this.#rising = false;
    }
  }

  /**
   * @param format of every frame; who finds others sets `formats`
   * @param lastDuration ticks that the last frame stays; null takes the mean of the others
   */
  finish(
    timeBase: TimeBase,
    format: FrameFormat,
    source: TableSource,
    lastDuration: number | null,
  ): FrameTable {
    const ticks = this.#ticks.slice(0, this.#length);
    const keys = this.#keys.slice(0, this.#length);
    if (keys.length > 0) keys[0] = 1;
    const first = ticks[0] ?? 0;
    const last = ticks[ticks.length - 1] ?? 0;
    const mean = ticks.length > 1 ? Math.max(1, Math.round((last - first) / (ticks.length - 1))) : 1;
    return {
      timeBase,
      ticks,
      endTicks: last + (lastDuration !== null && lastDuration > 0 ? lastDuration : mean),
      keys,
      formats: [{ first: 0, format }],
      damaged: source === 'decoded' ? new Uint8Array(this.#length) : null,
      singleThread: false,
      checksums: source === 'decoded' ? this.#checksums.slice(0, this.#length) : null,
      source,
      seekable: this.#rising,
      parts: [],
      lostParts: 0,
    };
  }

  #grow(): void {
    const length = this.#ticks.length * 2;
    const ticks = new Float64Array(length);
    ticks.set(this.#ticks);
    this.#ticks = ticks;
    const keys = new Uint8Array(length);
    keys.set(this.#keys);
    this.#keys = keys;
    const checksums = new Uint32Array(length);
    checksums.set(this.#checksums);
    this.#checksums = checksums;
  }
}

/** The key frame from which frame `index` is decoded. */
export function keyFrameBefore(table: FrameTable, index: number): number {
  let key = index;
  while (key > 0 && table.keys[key] === 0) key--;
  return key;
}

/** The first frame of the next group of pictures after `index`, or the number of frames. */
export function nextKeyFrame(table: FrameTable, index: number): number {
  let key = index + 1;
  while (key < table.ticks.length && table.keys[key] === 0) key++;
  return key;
}
