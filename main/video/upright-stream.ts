import { Transform, type TransformCallback } from 'node:stream';

/** No stream that holds no frames yet has a larger header. */
const longestHeader = 1024 * 1024;

/**
 * Passes a fragmented MP4 on with the display matrix of its track (ISO/IEC 14496-12, 8.3.2) set upright. Its pictures have
 * been turned already, but ffmpeg hands the input's wish to be turned on to what it makes of it, in each version by other
 * ways.
 */
export function uprightStream(): Transform {
  let head: Buffer | null = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      if (head === null) return done(null, chunk);
      head = Buffer.concat([head, chunk]);
      if (!setUpright(head) && head.length < longestHeader) return done();
      const ready = head;
      head = null;
      done(null, ready);
    },
    flush(done: TransformCallback) {
      done(null, head ?? undefined);
    },
  });
}

/** @returns whether the table of contents was there as a whole */
function setUpright(bytes: Buffer): boolean {
  for (const { type, start, end } of boxesOf(bytes, 0, bytes.length)) {
    if (type !== 'moov') continue;
    for (const track of boxesOf(bytes, start, end)) {
      if (track.type !== 'trak') continue;
      for (const header of boxesOf(bytes, track.start, track.end)) {
        if (header.type === 'tkhd') writeUpright(bytes, header.start);
      }
    }
    return true;
  }
  return false;
}

function writeUpright(bytes: Buffer, start: number): void {
  // Version 1 counts times in 64 bits.
  const matrix = start + (bytes.readUInt8(start) === 1 ? 52 : 40);
  const one = 0x1_0000;
  [one, 0, 0, 0, one, 0, 0, 0, 0x4000_0000].forEach((value, place) =>
    bytes.writeInt32BE(value, matrix + place * 4),
  );
}

/** The boxes that lie whole between two places. */
function* boxesOf(
  bytes: Buffer,
  from: number,
  to: number,
): Generator<{ type: string; start: number; end: number }> {
  for (let at = from; at + 8 <= to;) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > to) return;
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at + 8, end: at + size };
    at += size;
  }
}
