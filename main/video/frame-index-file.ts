import { deflateSync, inflateSync } from 'node:zlib';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { FrameTable, PartHead, TableSource } from './frame-table.ts';
import type { FormatRun } from './frame-format.ts';
import { withParts } from './table-parts.ts';

export interface TableOrigin {
  readonly fingerprint: string;
  /** Version of the ffmpeg in use, and how it decodes: another one may round differently, and so give other checksums. */
  readonly decoder: string;
}

const magic = 'SRFI';
const version = 5;

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
