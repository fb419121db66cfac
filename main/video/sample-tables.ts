import type { FileHandle } from 'node:fs/promises';
import { boxesOf, clockOf, type Box } from './iso-boxes.ts';
import { openRegularFile, readAt } from './regular-file.ts';

/** Every sample of a track in decoding order, as the tables of an MP4 or MOV say (ISO/IEC 14496-12, 8.6 and 8.7). */
export interface SampleTable {
  /** Presentation times in ticks, as ffmpeg counts them: with the delay of an edit list, and from its beginning. */
  readonly ticks: Float64Array;
  readonly keys: Uint8Array;
  /** Where each sample's bytes begin in the file, and how many they are. */
  readonly positions: Float64Array;
  readonly sizes: Float64Array;
}

/** No recording has larger tables than this. */
const longestTable = 256 * 1024 * 1024;

/** Why the tables do not settle the matter, for the log. */
export class UnclearTables extends Error {}

/**
 * Reads the tables of the track at `streamIndex` (ffmpeg numbers tracks as they come), a few bytes for each sample and none
 * of the samples. Only what is beyond doubt is taken: one kind of sample, in this file, all of it there, shown whole and
 * once. Throws `UnclearTables` for anything else.
 *
 * @param clock ticks per second that the track must have
 */
export async function readSampleTable(
  path: string,
  streamIndex: number,
  clock: number,
): Promise<SampleTable> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const { track, movieClock } = await findTrack(file, size, streamIndex);
    return await readTrack(file, size, track, { clock, movieClock });
  } finally {
    await file.close();
  }
}

function unclear(reason: string): UnclearTables {
  return new UnclearTables(reason);
}

async function findTrack(
  file: FileHandle,
  size: number,
  streamIndex: number,
): Promise<{ track: Box; movieClock: number }> {
  let movie: Box | null = null;
  for await (const box of boxesOf(file, 0, size, 20_000)) {
    if (box.type === 'moof') throw unclear('samples come in fragments');
    if (box.end > size) throw unclear('a box ends after the file');
    if (box.type === 'moov') {
      if (movie) throw unclear('there are two tables of contents');
      movie = box;
    }
  }
  if (!movie) throw unclear('there is no table of contents');
  const tracks: Box[] = [];
  let movieClock = 0;
  for await (const box of boxesOf(file, movie.start, movie.end, 4096)) {
    if (box.type === 'trak') tracks.push(box);
    if (box.type === 'mvex') throw unclear('samples come in fragments');
    if (box.type === 'cmov') throw unclear('its tables are compressed');
    if (box.type === 'mvhd') movieClock = await clockOf(file, box);
  }
  const track = tracks[streamIndex];
  if (!track || movieClock <= 0) throw unclear('there is no such track');
  return { track, movieClock };
}

/** Boxes whose meaning for times, key frames or places is not read here. */
const unknownHere = new Set(['stps', 'sbgp', 'stz2', 'cslg', 'saiz', 'saio', 'senc']);
const waysDown = new Set(['mdia', 'minf', 'stbl', 'edts']);
const wanted = new Set(['mdhd', 'stsd', 'stsz', 'stsc', 'stco', 'co64', 'stts', 'ctts', 'stss', 'elst']);

async function boxesOfTrack(file: FileHandle, from: Box, found: Map<string, Box>): Promise<Map<string, Box>> {
  for await (const box of boxesOf(file, from.start, from.end, 4096)) {
    if (unknownHere.has(box.type)) throw unclear(`it has a box ${box.type}`);
    if (waysDown.has(box.type)) await boxesOfTrack(file, box, found);
    if (!wanted.has(box.type)) continue;
    if (found.has(box.type)) throw unclear(`it has two boxes ${box.type}`);
    found.set(box.type, box);
  }
  return found;
}

async function readTrack(
  file: FileHandle,
  size: number,
  track: Box,
  clocks: { clock: number; movieClock: number },
): Promise<SampleTable> {
  const boxes = await boxesOfTrack(file, track, new Map());
  const table = async (type: string, entryBytes: number, headBytes = 0): Promise<Table | null> => {
    const box = boxes.get(type);
    return box ? readTable(file, box, entryBytes, headBytes) : null;
  };
  const media = boxes.get('mdhd');
  if (!media || (await clockOf(file, media)) !== clocks.clock) throw unclear('its clock is another');
  const descriptions = boxes.get('stsd');
  if (!descriptions || (await readAt(file, descriptions.start, 8)).readUInt32BE(4) !== 1) {
    throw unclear('its samples are of several kinds');
  }
  const sizes = sizesOf(await table('stsz', 4, 4));
  const count = sizes.length;
  const positions = positionsOf(
    sizes,
    await table('stsc', 12),
    (await table('stco', 4)) ?? (await table('co64', 8)),
    size,
  );
  const ticks = shownTicks(count, await table('stts', 8), await table('ctts', 8));
  const edits = boxes.get('elst');
  if (edits) applyEdits(ticks, await readEdits(file, edits), clocks);
  return { ticks, keys: keysOf(count, await table('stss', 4)), positions, sizes };
}

interface Table {
  readonly count: number;
  /** Before the number of entries: only sizes have something there, the one size of all. */
  readonly head: number;
  readonly entries: Buffer;
}

/** Version and flags, what stands before the number of entries, that number, and the entries. */
async function readTable(file: FileHandle, box: Box, entryBytes: number, headBytes: number): Promise<Table> {
  const length = box.end - box.start;
  if (length > longestTable) throw unclear(`its table ${box.type} is too long`);
  const bytes = await readAt(file, box.start, length);
  const begin = 8 + headBytes;
  if (bytes.length < begin) throw unclear(`its table ${box.type} is cut`);
  const head = headBytes > 0 ? bytes.readUInt32BE(4) : 0;
  const count = bytes.readUInt32BE(4 + headBytes);
  // Where all samples have one size, none is listed.
  const listed = head > 0 ? 0 : count;
  if (bytes.length < begin + listed * entryBytes) throw unclear(`its table ${box.type} is cut`);
  return { count, head, entries: bytes.subarray(begin, begin + listed * entryBytes) };
}

function sizesOf(table: Table | null): Float64Array {
  if (!table || table.count === 0) throw unclear('it lists no samples');
  if (table.count > longestTable / 8) throw unclear('it lists too many samples');
  const { head, entries } = table;
  const sizes = Float64Array.from(
    { length: table.count },
    (_, index) => head || entries.readUInt32BE(index * 4),
  );
  if (sizes.some((size) => size === 0)) throw unclear('a sample is empty');
  return sizes;
}

/** Samples lie in chunks; a table says how many in each from some chunk on, another where each chunk begins. */
function positionsOf(
  sizes: Float64Array,
  runs: Table | null,
  chunks: Table | null,
  fileSize: number,
): Float64Array {
  if (!runs || !chunks || runs.count === 0) throw unclear('it does not say where its samples lie');
  const wide = chunks.entries.length === chunks.count * 8;
  const positions = new Float64Array(sizes.length);
  let sample = 0;
  for (let run = 0; run < runs.count; run++) {
    const [first, perChunk, kind] = [0, 4, 8].map((at) => runs.entries.readUInt32BE(run * 12 + at)) as [
      number,
      number,
      number,
    ];
    const end = run + 1 < runs.count ? runs.entries.readUInt32BE((run + 1) * 12) : chunks.count + 1;
    if (
      kind !== 1 ||
      perChunk === 0 ||
      end <= first ||
      end > chunks.count + 1 ||
      (run === 0 && first !== 1)
    ) {
      throw unclear('its chunks are not in order');
    }
    for (let chunk = first; chunk < end; chunk++) {
      let position = wide
        ? Number(chunks.entries.readBigUInt64BE((chunk - 1) * 8))
        : chunks.entries.readUInt32BE((chunk - 1) * 4);
      for (let turn = 0; turn < perChunk; turn++, sample++) {
        if (sample >= sizes.length) throw unclear('its chunks hold more samples than it has');
        positions[sample] = position;
        position += sizes[sample] as number;
      }
      if (position > fileSize) throw unclear('a sample lies after the end of the file');
    }
  }
  if (sample !== sizes.length) throw unclear('its chunks hold fewer samples than it has');
  return positions;
}

/** ffmpeg takes larger offsets for mistakes and corrects them in its own ways. */
const longestOffset = 2 ** 28;

/** Decoding times are sums of durations; an offset for each sample leads from there to when it is shown. */
function shownTicks(count: number, durations: Table | null, offsets: Table | null): Float64Array {
  if (!durations) throw unclear('it lists no durations');
  const ticks = new Float64Array(count);
  let decoding = 0;
  forEachOfRuns(durations, count, 'durations', (sample, duration) => {
    if (duration < 0 || duration >= longestOffset) throw unclear('a duration is too long');
    ticks[sample] = decoding;
    decoding += duration;
  });
  if (offsets) {
    forEachOfRuns(offsets, count, 'offsets', (sample, offset) => {
      if (Math.abs(offset) >= longestOffset) throw unclear('an offset is too long');
      ticks[sample] = (ticks[sample] as number) + offset;
    });
  }
  return ticks;
}

/** Entries of two numbers: for how many samples, and which value each of them has. */
function forEachOfRuns(
  table: Table,
  count: number,
  name: string,
  each: (sample: number, value: number) => void,
): void {
  let sample = 0;
  for (let run = 0; run < table.count; run++) {
    const samples = table.entries.readUInt32BE(run * 8);
    const value = table.entries.readInt32BE(run * 8 + 4);
    if (sample + samples > count) throw unclear(`it has more ${name} than samples`);
    for (let end = sample + samples; sample < end; sample++) each(sample, value);
  }
  if (sample !== count) throw unclear(`it has fewer ${name} than samples`);
}

/** Without such a table every sample is a key frame. */
function keysOf(count: number, table: Table | null): Uint8Array {
  const keys = new Uint8Array(count);
  if (!table) return keys.fill(1);
  if (table.count === 0) throw unclear('no key frame is listed');
  let before = 0;
  for (let entry = 0; entry < table.count; entry++) {
    const sample = table.entries.readUInt32BE(entry * 4);
    if (sample <= before || sample > count) throw unclear('its key frames are not in order');
    keys[sample - 1] = 1;
    before = sample;
  }
  return keys;
}

interface Edit {
  readonly duration: number;
  /** In the track's ticks; -1 stands for nothing being shown. */
  readonly begin: number;
  readonly isPlain: boolean;
}

async function readEdits(file: FileHandle, box: Box): Promise<Edit[]> {
  const bytes = await readAt(file, box.start, Math.min(box.end - box.start, 4096));
  if (bytes.length < 8) throw unclear('its edit list is cut');
  const wide = bytes.readUInt8(0) === 1;
  const count = bytes.readUInt32BE(4);
  const entryBytes = wide ? 20 : 12;
  if (count > 2 || bytes.length < 8 + count * entryBytes) throw unclear('it is cut in several places');
  return Array.from({ length: count }, (_, index) => {
    const at = 8 + index * entryBytes;
    return {
      duration: wide ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at),
      begin: wide ? Number(bytes.readBigInt64BE(at + 8)) : bytes.readInt32BE(at + 4),
      isPlain: bytes.readInt32BE(at + entryBytes - 4) === 0x1_0000,
    };
  });
}

/**
 * A delay at most, and then the track as a whole at its own speed. As ffmpeg has it, the first frame is then shown at the end
 * of the delay.
 */
function applyEdits(ticks: Float64Array, edits: Edit[], clocks: { clock: number; movieClock: number }): void {
  const inTicks = (duration: number) => (duration * clocks.clock) / clocks.movieClock;
  const [delay, edit] = edits.length === 2 ? edits : [null, edits[0]];
  if (!edit || !edit.isPlain || edit.begin < 0 || (delay && delay.begin !== -1))
    throw unclear('its edit list is unusual');
  let [first, last] = [Infinity, -Infinity];
  for (const time of ticks) [first, last] = [Math.min(first, time), Math.max(last, time)];
  if (first < edit.begin || first < 0 || last >= edit.begin + Math.floor(inTicks(edit.duration))) {
    throw unclear('its edit list leaves frames out');
  }
  const start = delay ? Math.round(inTicks(delay.duration)) : 0;
  for (let sample = 0; sample < ticks.length; sample++)
    ticks[sample] = (ticks[sample] as number) - first + start;
}
