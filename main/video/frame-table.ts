import { deflateSync, inflateSync } from 'node:zlib';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { FrameTimes } from '../../preload/contract/frames.ts';
import type { TimeBase } from '../../preload/contract/values.ts';
import type { FormatRun, FrameFormat } from './frame-format.ts';
import { withParts, type PartHead, type TablePart } from './table-parts.ts';

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

export interface TableOrigin {
  readonly fingerprint: string;
  /** Version of the ffmpeg in use: another one's decoders may round differently, and so give other checksums. */
  readonly decoder: string;
}

const magic = 'SRFI';
const version = 4;

/**
 * Writes a table compactly: `SRFI`, a version byte, the length of a JSON head as 32-bit little-endian, the head, then
 * deflated varints (second differences of the ticks, so that a constant rate costs next to nothing), key flags as bits,
 * and, where every frame was decoded, the checksums and the damaged frames as bits.
 *
 * @param origin the file that the table describes, and the ffmpeg that made it
 */
export function encodeFrameIndex(table: FrameTable, origin: TableOrigin): Buffer {
  const count = table.ticks.length;
  const varints = new VarintWriter();
  let before = 0;
  let step = 0;
  for (let index = 0; index < count; index++) {
    const ticks = table.ticks[index] as number;
    varints.write(ticks - before - step);
    step = ticks - before;
    before = ticks;
  }
  const keys = toBits(table.keys);
  const damaged = table.damaged ? toBits(table.damaged) : Buffer.alloc(0);
  const times = varints.bytes();
  const checksums = table.checksums ? littleEndian(table.checksums) : Buffer.alloc(0);
  const head = Buffer.from(
    JSON.stringify({
      ...origin,
      count,
      timeBase: table.timeBase,
      endTicks: table.endTicks,
      source: table.source,
      seekable: table.seekable,
      longestStep: table.longestStep,
      singleThread: table.singleThread,
      formats: table.formats,
      parts: table.parts.map(({ table: _, ...head }) => head),
      lostParts: table.lostParts,
      timesBytes: times.length,
    }),
  );
  const prefix = Buffer.alloc(9);
  prefix.write(magic, 0, 'latin1');
  prefix.writeUInt8(version, 4);
  prefix.writeUInt32LE(head.length, 5);
  return Buffer.concat([
    prefix,
    head,
    deflateSync(Buffer.concat([times, keys, checksums, damaged]), { level: 6 }),
  ]);
}

interface Head extends TableOrigin {
  readonly count: number;
  readonly timeBase: [number, number];
  readonly endTicks: number;
  readonly source: TableSource;
  readonly seekable: boolean;
  readonly longestStep?: number;
  readonly singleThread: boolean;
  readonly formats: readonly FormatRun[];
  readonly parts: readonly PartHead[];
  readonly lostParts: number;
  readonly timesBytes: number;
}

/**
 * Reads what `encodeFrameIndex` wrote. Throws `data-malformed` for anything else, another version, a table of another
 * file, or one with checksums of another ffmpeg; the caller then builds the index again.
 */
export function decodeFrameIndex(data: Uint8Array, origin: TableOrigin): FrameTable {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (buffer.length < 9 || buffer.toString('latin1', 0, 4) !== magic) throw malformed('it is no frame index');
  if (buffer.readUInt8(4) !== version)
    throw malformed(`it is of version ${buffer.readUInt8(4)}, not ${version}`);
  const headEnd = 9 + buffer.readUInt32LE(5);
  try {
    const head = JSON.parse(buffer.toString('utf8', 9, headEnd)) as Head;
    if (head.fingerprint !== origin.fingerprint) throw malformed('it belongs to another file');
    if (head.source === 'decoded' && head.decoder !== origin.decoder) {
      throw malformed('it was made by another version of ffmpeg');
    }
    const { count } = head;
    const body = inflateSync(buffer.subarray(headEnd));
    const keyBytes = Math.ceil(count / 8);
    const checksumStart = head.timesBytes + keyBytes;
    const hasChecksums = head.source === 'decoded';
    const damagedStart = checksumStart + (hasChecksums ? count * 4 : 0);
    if (body.length !== damagedStart + (hasChecksums ? keyBytes : 0)) throw malformed('its length is wrong');
    const table = {
      timeBase: head.timeBase,
      ticks: readTicks(body.subarray(0, head.timesBytes), count),
      endTicks: head.endTicks,
      keys: fromBits(body.subarray(head.timesBytes, checksumStart), count),
      formats: head.formats,
      damaged: hasChecksums ? fromBits(body.subarray(damagedStart), count) : null,
      singleThread: head.singleThread,
      checksums: hasChecksums
        ? Uint32Array.from({ length: count }, (_, index) => body.readUInt32LE(checksumStart + index * 4))
        : null,
      source: head.source,
      seekable: head.seekable,
      lostParts: head.lostParts,
      ...(head.longestStep !== undefined && { longestStep: head.longestStep }),
    };
    return withParts(table, head.parts);
  } catch (error) {
    if (error instanceof WorkstationError) throw error;
    throw malformed('it is damaged', error);
  }
}

function toBits(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (let index = 0; index < flags.length; index++) {
    if (flags[index]) bits[index >> 3] = (bits[index >> 3] as number) | (1 << (index & 7));
  }
  return bits;
}

function fromBits(bits: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => ((bits[index >> 3] as number) >> (index & 7)) & 1);
}

function malformed(reason: string, cause?: unknown): WorkstationError {
  return new WorkstationError(
    'data-malformed',
    `A stored frame index cannot be used: ${reason}.`,
    'The index is built again from the video.',
    { cause },
  );
}

function littleEndian(values: Uint32Array): Buffer {
  const buffer = Buffer.allocUnsafe(values.length * 4);
  for (let index = 0; index < values.length; index++)
    buffer.writeUInt32LE(values[index] as number, index * 4);
  return buffer;
}

/** Zigzag varints by arithmetic: second differences may pass 32 bits. */
class VarintWriter {
  #buffer = Buffer.allocUnsafe(65_536);
  #length = 0;

  write(value: number): void {
    if (this.#length + 10 > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer, Buffer.allocUnsafe(this.#buffer.length)]);
    }
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest >= 128) {
      this.#buffer[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

function readTicks(bytes: Buffer, count: number): Float64Array {
  const ticks = new Float64Array(count);
  let position = 0;
  let before = 0;
  let step = 0;
  for (let index = 0; index < count; index++) {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[position++];
      if (byte === undefined) throw malformed('its times end early');
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    step += value % 2 === 1 ? -(value + 1) / 2 : value / 2;
    before += step;
    ticks[index] = before;
  }
  return ticks;
}
