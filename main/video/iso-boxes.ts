import type { FileHandle } from 'node:fs/promises';
import { readAt } from './regular-file.ts';

/** What the boxes of ISO media (ISO/IEC 14496-12; QuickTime is its ancestor) tell without a sample being read. */
export interface IsoMedia {
  /** End of the last box that begins in the file. */
  readonly announcedBytes: number;
  /** Whether the table of contents (`moov`) is there. */
  readonly hasContents: boolean;
  /** Whether samples come in fragments (`moof`), which can be read as far as they are there. */
  readonly isFragmented: boolean;
  /** Whether a track is encrypted (8.12). */
  readonly isEncrypted: boolean;
  /** Whether a track's samples, or the whole movie, lie in another file (8.7.2). */
  readonly refersElsewhere: boolean;
}

/** Sample entry types of protected tracks: common encryption and Apple FairPlay. */
export const protectedTags: ReadonlySet<string> = new Set(['encv', 'encu', 'drmi']);

/** Boxes (4.2: size and type) on the way from `moov` to what is looked for. */
const waysDown = new Set(['trak', 'mdia', 'minf', 'stbl', 'dinf']);

export interface Box {
  readonly type: string;
  /** Where its content begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

/** Reads a few kilobytes of the bytes `from` to `to` of a file, however many they are. */
export async function readIsoMedia(file: FileHandle, from: number, to: number): Promise<IsoMedia> {
  const found = { hasContents: false, isFragmented: false, isEncrypted: false, refersElsewhere: false };
  let announcedBytes = 0;
  // Hours in fragments have tens of thousands of boxes: where they go on, what is said of the end is left to the index.
  for await (const { type, start, end } of boxesOf(file, from, to, 20_000)) {
    if (type === 'moov') {
      found.hasContents = true;
      await lookIntoMovie(file, start, Math.min(end, to), found);
    }
    if (type === 'moof') found.isFragmented = true;
    announcedBytes = end - from;
  }
  return { announcedBytes, ...found };
}

export async function* boxesOf(
  file: FileHandle,
  from: number,
  to: number,
  most: number,
): AsyncGenerator<Box> {
  let position = from;
  for (let count = 0; position + 8 <= to && count < most; count++) {
    const head = await readAt(file, position, 16);
    if (head.length < 8) return;
    const type = head.toString('latin1', 4, 8);
    // After the last box some recorders pad with zeros: no announcement.
    if (!/^[\w \xa9-]{4}$/.test(type)) return;
    let size = head.readUInt32BE(0);
    let start = position + 8;
    if (size === 1 && head.length === 16) {
      size = Number(head.readBigUInt64BE(8));
      start = position + 16;
    }
    if (size === 0) size = to - position;
    if (size < 8) return;
    yield { type, start, end: position + size };
    position += size;
  }
}

async function lookIntoMovie(
  file: FileHandle,
  start: number,
  end: number,
  found: { isEncrypted: boolean; refersElsewhere: boolean; isFragmented: boolean },
): Promise<void> {
  for await (const box of boxesOf(file, start, end, 4096)) {
    if (waysDown.has(box.type)) await lookIntoMovie(file, box.start, box.end, found);
    // A movie of alternatives, each in a file or at an address of its own.
    if (box.type === 'rmra') found.refersElsewhere = true;
    if (box.type === 'mvex') found.isFragmented = true;
    if (box.type === 'stsd') {
      // Version and flags, number of entries, then the size and the type of the first.
      const entry = await readAt(file, box.start, 16);
      if (protectedTags.has(entry.toString('latin1', 12, 16))) found.isEncrypted = true;
    }
    if (box.type === 'dref' && (await namesAnotherFile(file, box))) found.refersElsewhere = true;
  }
}

/** Each reference has a flag that says "in this same file"; an address without any text means the same. */
async function namesAnotherFile(file: FileHandle, { start, end }: Box): Promise<boolean> {
  for await (const reference of boxesOf(file, start + 8, end, 64)) {
    const flags = await readAt(file, reference.start, 4);
    const inThisFile = flags.length === 4 && (flags.readUInt32BE(0) & 1) === 1;
    if (!inThisFile && reference.end - reference.start > 4) return true;
  }
  return false;
}
