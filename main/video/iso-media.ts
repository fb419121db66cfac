import type { ByteSource } from './pieces.ts';
import { boxesOf, type Box } from './iso-boxes.ts';
import { clocksOf, endOfIndexed, endsEarly, readFragmentIndex, type FragmentIndex } from './iso-fragments.ts';
import { readAt } from './regular-file.ts';

/** What the boxes of ISO media (ISO/IEC 14496-12; QuickTime is its ancestor) tell without a sample being read. */
export interface IsoMedia {
  /** End of the last box that begins in the file, or of the last fragment that an index of them lists. */
  readonly announcedBytes: number;
  /** Whether the table of contents (`moov`) is there. */
  readonly hasContents: boolean;
  /** Whether samples come in fragments (`moof`), which can be read as far as they are there. */
  readonly isFragmented: boolean;
  /** Whether fragments are missing behind the last one, by the length that the movie states or for want of their samples. */
  readonly lacksFragments: boolean;
  /** The indexes of fragments (`sidx`), in order. */
  readonly fragmentIndexes: readonly FragmentIndex[];
  /** Whether a track has samples of several kinds (8.5.2), and so perhaps pictures of several sizes. */
  readonly hasSeveralKinds: boolean;
  /** Whether a track is encrypted (8.12). */
  readonly isEncrypted: boolean;
  /** Whether a track's samples, or the whole movie, lie in another file (8.7.2). */
  readonly refersElsewhere: boolean;
}

/** Sample entry types of protected tracks: common encryption and Apple FairPlay. */
export const protectedTags: ReadonlySet<string> = new Set(['encv', 'encu', 'drmi']);

/** Boxes (4.2: size and type) on the way from `moov` to what is looked for. */
const waysDown = new Set(['trak', 'mdia', 'minf', 'stbl', 'dinf']);

interface Found {
  hasContents: boolean;
  isFragmented: boolean;
  hasSeveralKinds: boolean;
  isEncrypted: boolean;
  refersElsewhere: boolean;
}

const mostBoxes = 20_000;

/** Reads a few kilobytes of the first `size` bytes of a file, however many they are. */
export async function readIsoMedia(file: ByteSource, size: number): Promise<IsoMedia> {
  const found: Found = {
    hasContents: false,
    isFragmented: false,
    hasSeveralKinds: false,
    isEncrypted: false,
    refersElsewhere: false,
  };
  const indexes: Box[] = [];
  let announcedBytes = 0;
  let count = 0;
  let movie: Box | null = null;
  let last: Box | null = null;
  let lastFragment: Box | null = null;
  // Hours in fragments have tens of thousands of boxes: where they go on, what is said of the end is left to the index.
  for await (const box of boxesOf(file, 0, size, mostBoxes)) {
    const { type, end } = box;
    if (type === 'moov') {
      found.hasContents = true;
      movie = { ...box, end: Math.min(end, size) };
      await lookIntoMovie(file, movie.start, movie.end, found);
    }
    if (type === 'moof') lastFragment = box;
    if (type === 'sidx') indexes.push(box);
    announcedBytes = Math.max(announcedBytes, end, type === 'sidx' ? await endOfIndexed(file, box) : 0);
    last = box;
    count++;
  }
  found.isFragmented ||= lastFragment !== null;
  const lacksFragments =
    count < mostBoxes &&
    lastFragment !== null &&
    (last === lastFragment || (movie !== null && (await endsEarly(file, movie, lastFragment))));
  const clocks = movie && indexes.length > 0 ? await clocksOf(file, movie) : new Map<number, number>();
  const fragmentIndexes: FragmentIndex[] = [];
  for (const box of indexes) {
    const index = await readFragmentIndex(file, box, clocks);
    if (index) fragmentIndexes.push(index);
  }
  return { announcedBytes, lacksFragments, fragmentIndexes, ...found };
}

async function lookIntoMovie(file: ByteSource, start: number, end: number, found: Found): Promise<void> {
  for await (const box of boxesOf(file, start, end, 4096)) {
    if (waysDown.has(box.type)) await lookIntoMovie(file, box.start, box.end, found);
    // A movie of alternatives, each in a file or at an address of its own.
    if (box.type === 'rmra') found.refersElsewhere = true;
    if (box.type === 'mvex') found.isFragmented = true;
    if (box.type === 'stsd') {
      // Version and flags, number of entries, then the size and the type of the first.
      const entry = await readAt(file, box.start, 16);
      if (protectedTags.has(entry.toString('latin1', 12, 16))) found.isEncrypted = true;
      if (entry.length >= 8 && entry.readUInt32BE(4) > 1) found.hasSeveralKinds = true;
    }
    if (box.type === 'dref' && (await namesAnotherFile(file, box))) found.refersElsewhere = true;
  }
}

/** Each reference has a flag that says "in this same file"; an address without any text means the same. */
async function namesAnotherFile(file: ByteSource, { start, end }: Box): Promise<boolean> {
  for await (const reference of boxesOf(file, start + 8, end, 64)) {
    const flags = await readAt(file, reference.start, 4);
    const inThisFile = flags.length === 4 && (flags.readUInt32BE(0) & 1) === 1;
    if (!inThisFile && reference.end - reference.start > 4) return true;
  }
  return false;
}
