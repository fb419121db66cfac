import { throwIfAborted } from '../../preload/contract/errors.ts';
import type { DecodeContext } from './decode-arguments.ts';
import { joined, type ByteSource } from './pieces.ts';
import { openRegularFile, readAt } from './regular-file.ts';

/** Bytes at the beginning of a coded picture within which its parameters stand. */
const headBytes = 2048;
/** Of more key frames than these, so many are looked at, evenly spread. */
const mostHeads = 20_000;

/**
 * Whether key frames of an MP4, MOV or Matroska state other parameters (size, chroma, range, matrix) than those before
 * them. The tables of such a file say nothing of that, and decoding all of it would take as long as playing it; the few
 * bytes in which a key frame says it are read instead.
 *
 * @param positions of the key frames' bytes, as ffprobe tells them: in Matroska those of the block around them
 */
export async function keyFramesDiffer(
  context: DecodeContext,
  positions: readonly number[],
  signal?: AbortSignal,
): Promise<boolean> {
  const { probe, path } = context;
  const read = readers[probe.codec];
  if (!read) return false;
  const step = Math.max(1, Math.ceil(positions.length / mostHeads));
  const isMatroska = /matroska/.test(probe.container);
  const file = await openRegularFile(path);
  const bytes = joined(file, probe.input.pieces);
  try {
    let first: string | undefined;
    for (let place = 0; place < positions.length; place += step) {
      throwIfAborted(signal);
      const head = await headAt(bytes, positions[place] as number, isMatroska);
      const stated = read(head);
      // A key frame that states nothing keeps what held before.
      first ??= stated;
      if (stated !== '' && stated !== first) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}

async function headAt(file: ByteSource, position: number, isMatroska: boolean): Promise<Buffer> {
  const head = await readAt(file, position, headBytes);
  // RFC 9559, 10: the track's number, two bytes of time, one of flags.
  return isMatroska ? head.subarray(Math.clz32(head[0] ?? 0) - 23 + 3) : head;
}

/** Reads what a key frame states of itself; empty where it states nothing. */
const readers: Readonly<Record<string, (head: Buffer) => string>> = {
  h264: (head) => unitsOf(head, (first) => (first & 0x1f) === 7),
  hevc: (head) => unitsOf(head, (first) => ((first >> 1) & 0x3f) === 33),
  av1: sequenceHeaderOf,
  vp9: vp9HeaderOf,
};

/** The units of H.264 or HEVC, each behind its length in four bytes, that hold sequence parameters. */
function unitsOf(head: Buffer, holdsParameters: (first: number) => boolean): string {
  const units: string[] = [];
  for (let at = 0; at + 5 <= head.length;) {
    const length = head.readUInt32BE(at);
    if (length === 0) break;
    if (holdsParameters(head[at + 4] as number)) units.push(head.toString('hex', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units.join(' ');
}

/** AV1's first open bitstream unit of type 1 (AV1 specification, 5.3). */
function sequenceHeaderOf(head: Buffer): string {
  for (let at = 0; at < head.length;) {
    const first = head[at] as number;
    const hasExtension = (first & 4) !== 0;
    const hasSize = (first & 2) !== 0;
    let start = at + (hasExtension ? 2 : 1);
    let size = head.length - start;
    if (hasSize) {
      size = 0;
      for (let shift = 0; start < head.length; shift += 7) {
        const byte = head[start++] as number;
        size += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
    }
    if (((first >> 3) & 15) === 1) return head.toString('hex', start, start + size);
    at = start + size;
  }
  return '';
}

/** Profile, colours and size in VP9's uncompressed header (VP9 specification, 6.2), without what differs from frame to frame. */
function vp9HeaderOf(head: Buffer): string {
  const header = Buffer.from(head.subarray(0, 10));
  const isKey = header.length === 10 && header.toString('hex', 1, 4) === '498342';
  if (!isKey) return '';
  // Whether it is shown, and how errors are met.
  header[0] = (header[0] as number) & 0xfc;
  // The bits behind the size, which begins after 3 or 4 bits of colours in profile 0.
  header[8] = (header[8] as number) & 0xf0;
  return header.toString('hex', 0, 9);
}
