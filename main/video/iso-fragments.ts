import { boxesOf, clockOf, type Box } from './iso-boxes.ts';
import type { ByteSource } from './pieces.ts';
import { readAt } from './regular-file.ts';

/** What a fragmented movie says of fragments that may not be there (ISO/IEC 14496-12, 8.8 and 8.16.3). */

/** Where the last fragment ends that an index of them (`sidx`) lists; 0 where it can't be read. */
export async function endOfIndexed(file: ByteSource, { start, end }: Box): Promise<number> {
  const bytes = await readAt(file, start, Math.min(end - start, 1024 * 1024));
  if (bytes.length < 24) return 0;
  const isWide = bytes.readUInt8(0) === 1;
  const at = isWide ? 28 : 20;
  if (bytes.length < at + 4) return 0;
  let listed = end + (isWide ? Number(bytes.readBigUInt64BE(20)) : bytes.readUInt32BE(16));
  const count = bytes.readUInt16BE(at + 2);
  if (bytes.length < at + 4 + count * 12) return 0;
  // The first bit tells of an index of indexes; the others are the size.
  for (let entry = 0; entry < count; entry++) listed += bytes.readUInt32BE(at + 4 + entry * 12) & 0x7fffffff;
  return listed;
}

/** What is asked of an index of fragments, beside what it lists. */
export interface FragmentIndex {
  /** Where the four bytes of its type lie. */
  readonly typeAt: number;
  /** Where four bytes of it lie that are no type of any box; null if there are none. */
  readonly spare: number | null;
  /** Whether its times are in the ticks of the track that it tells of. */
  readonly countsInTrackClock: boolean;
  /** Whether it lists an index in place of a fragment; looked for among its first entries. */
  readonly listsIndexes: boolean;
}

/**
 * @param clocks ticks per second of each track, by its number
 * @returns null where the file ends before anything is listed
 */
export async function readFragmentIndex(
  file: ByteSource,
  { head, start }: Box,
  clocks: ReadonlyMap<number, number>,
): Promise<FragmentIndex | null> {
  const bytes = await readAt(file, start, 4096);
  if (bytes.length < 24) return null;
  const track = bytes.readUInt32BE(4);
  return {
    typeAt: head + 4,
    // The number of the track: types of boxes are letters, so that as a number they are far above.
    spare: track > 0 && track < 0x01000000 ? start + 4 : null,
    countsInTrackClock: bytes.readUInt32BE(8) === clocks.get(track),
    listsIndexes: listsIndexes(bytes),
  };
}

function listsIndexes(bytes: Buffer): boolean {
  const entries = bytes.readUInt8(0) === 1 ? 32 : 24;
  if (bytes.length < entries) return false;
  const count = bytes.readUInt16BE(entries - 2);
  for (let entry = 0; entry < count; entry++) {
    const at = entries + entry * 12;
    if (at >= bytes.length) return false;
    // The first bit of its size tells that an entry is an index.
    if (bytes.readUInt8(at) & 0x80) return true;
  }
  return false;
}

/** Ticks per second of each track, by its number. */
export async function clocksOf(file: ByteSource, movie: Box): Promise<ReadonlyMap<number, number>> {
  const clocks = new Map<number, number>();
  for await (const box of boxesOf(file, movie.start, movie.end, 4096))
    if (box.type === 'trak') clocks.set(...(await trackOf(file, box)));
  return clocks;
}

/** An edit list, or sound that begins a little earlier, may make the movie longer than its fragments by so much. */
const sparedSeconds = 0.25;

/** Whether the movie states a length (`mehd`) that its last fragment does not reach. */
export async function endsEarly(file: ByteSource, movie: Box, lastFragment: Box): Promise<boolean> {
  const { seconds, tracks } = await statedLength(file, movie);
  if (seconds === null) return false;
  let reached = -1;
  for await (const box of boxesOf(file, lastFragment.start, lastFragment.end, 256)) {
    if (box.type === 'traf') reached = Math.max(reached, await endOfTrackFragment(file, box, tracks));
  }
  return reached >= 0 && reached + sparedSeconds < seconds;
}

interface Track {
  readonly clock: number;
  /** Of a sample that states none itself. */
  readonly duration: number;
}

async function statedLength(
  file: ByteSource,
  movie: Box,
): Promise<{ seconds: number | null; tracks: ReadonlyMap<number, Track> }> {
  const clocks = await clocksOf(file, movie);
  const tracks = new Map<number, Track>();
  let clock = 0;
  let length: number | null = null;
  for await (const box of boxesOf(file, movie.start, movie.end, 4096)) {
    if (box.type === 'mvhd') clock = await clockOf(file, box);
    if (box.type !== 'mvex') continue;
    for await (const inner of boxesOf(file, box.start, box.end, 256)) {
      const bytes = await readAt(file, inner.start, 24);
      if (inner.type === 'mehd' && bytes.length >= 8)
        length =
          bytes.readUInt8(0) === 1 && bytes.length >= 12
            ? Number(bytes.readBigUInt64BE(4))
            : bytes.readUInt32BE(4);
      if (inner.type === 'trex' && bytes.length >= 16) {
        const id = bytes.readUInt32BE(4);
        tracks.set(id, { clock: clocks.get(id) ?? 0, duration: bytes.readUInt32BE(12) });
      }
    }
  }
  return { seconds: length !== null && length > 0 && clock > 0 ? length / clock : null, tracks };
}

async function trackOf(file: ByteSource, track: Box): Promise<[id: number, clock: number]> {
  let [id, clock] = [0, 0];
  for await (const box of boxesOf(file, track.start, track.end, 256)) {
    if (box.type === 'tkhd') {
      const head = await readAt(file, box.start, 24);
      if (head.length === 24) id = head.readUInt32BE(head.readUInt8(0) === 1 ? 20 : 12);
    }
    if (box.type !== 'mdia') continue;
    for await (const inner of boxesOf(file, box.start, box.end, 256))
      if (inner.type === 'mdhd') clock = await clockOf(file, inner);
  }
  return [id, clock];
}

/** Seconds at which the samples of a track end in this fragment; -1 where it does not say. */
async function endOfTrackFragment(
  file: ByteSource,
  fragment: Box,
  tracks: ReadonlyMap<number, Track>,
): Promise<number> {
  let track: Track | undefined;
  let duration = 0;
  let end: number | null = null;
  for await (const { type, start, end: boxEnd } of boxesOf(file, fragment.start, fragment.end, 4096)) {
    const bytes = await readAt(file, start, Math.min(boxEnd - start, 4 * 1024 * 1024));
    if (bytes.length < 8) continue;
    const flags = bytes.readUInt32BE(0) & 0xffffff;
    if (type === 'tfhd') {
      track = tracks.get(bytes.readUInt32BE(4));
      duration = track?.duration ?? 0;
      // Before the duration: where its data lie, and which kind of sample it has, where the flags say so.
      const at = 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
      if (flags & 8 && bytes.length >= at + 4) duration = bytes.readUInt32BE(at);
    }
    if (type === 'tfdt')
      end =
        bytes.readUInt8(0) === 1 && bytes.length >= 12
          ? Number(bytes.readBigUInt64BE(4))
          : bytes.readUInt32BE(4);
    if (type === 'trun' && end !== null) end += durationOfRun(bytes, flags, duration);
  }
  return end === null || !track || track.clock <= 0 ? -1 : end / track.clock;
}

function durationOfRun(bytes: Buffer, flags: number, otherwise: number): number {
  const count = bytes.readUInt32BE(4);
  if (!(flags & 0x100)) return count * otherwise;
  const first = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  // Each sample may state duration, size, flags and offset, in this order.
  const step = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  let sum = 0;
  for (let at = first, sample = 0; sample < count && at + 4 <= bytes.length; sample++, at += step)
    sum += bytes.readUInt32BE(at);
  return sum;
}
