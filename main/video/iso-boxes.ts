import type { ByteSource } from './pieces.ts';
import { readAt } from './regular-file.ts';

/** A box of ISO media (ISO/IEC 14496-12, 4.2), which QuickTime's atoms are, too. */
export interface Box {
  readonly type: string;
  /** Where its size and type begin. */
  readonly head: number;
  /** Where its content begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

export async function* boxesOf(
  file: ByteSource,
  from: number,
  to: number,
  most: number,
): AsyncGenerator<Box> {
  let position = from;
  for (let count = 0; position + 8 <= to && count < most; count++) {
    const head = await readAt(file, position, 16);
    if (head.length < 8) return;
    const type = head.toString('latin1', 4, 8);
    // Some recorders pad the file with zeros after the last box, which announces nothing.
    if (!/^[\w \xa9-]{4}$/.test(type)) return;
    let size = head.readUInt32BE(0);
    let start = position + 8;
    if (size === 1 && head.length === 16) {
      size = Number(head.readBigUInt64BE(8));
      start = position + 16;
    }
    if (size === 0) size = to - position;
    if (size < 8) return;
    yield { type, head: position, start, end: position + size };
    position += size;
  }
}

/** Ticks per second in the header of a movie or of a track's media: behind two dates of 32, or in version 1 of 64 bits; 0 where it is cut. */
export async function clockOf(file: ByteSource, { start }: Box): Promise<number> {
  const head = await readAt(file, start, 24);
  return head.length < 24 ? 0 : head.readUInt32BE(head.readUInt8(0) === 1 ? 20 : 12);
}
