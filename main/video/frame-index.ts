import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { secondsToTicks } from '../../preload/contract/frames.ts';
import { decodeEveryFrame, decodeSample } from './decode-listing.ts';
import { describeToolEnd, hasSeekTable, seekPlaces, type DecodeContext } from './decode-arguments.ts';
import { readDecodeLog } from './decode-log.ts';
import { rawLayout, statedFormat } from './frame-format.ts';
import { countInParts, partsOf } from './frame-parts.ts';
import { DecodeSummary } from './decode-summary.ts';
import { FrameTableBuilder, keyFrameBefore, type FrameTable } from './frame-table.ts';
import type { IndexOptions } from './index-options.ts';
import { keyFramesDiffer } from './key-heads.ts';
import { inputOf } from './media-input.ts';
import { linesOf, startProcess } from './process.ts';
import { tableFromSamples, type CountedPackets } from './sample-index.ts';
import type { VideoProbe } from './probe.ts';

/** Codecs of which, in MP4, MOV and Matroska, one packet is one shown frame (VP8 is not: it has hidden frames). */
const onePacketOneFrame = new Set(['h264', 'hevc', 'vp9', 'av1', 'prores', 'dnxhd', 'mjpeg', 'ffv1']);

/**
 * Builds the table of a video's frames: integer ticks in presentation order, key frames, and what ffmpeg shows first as
 * frame 0.
 *
 * MP4, MOV and Matroska carry a presentation time in every packet, so reading the packets is enough, after samples at the
 * head, in the middle and at the tail have been decoded and agree. MP4 and MOV list them in tables, so that mostly not even
 * the packets have to be read (`sample-index.ts`). Any doubt, and any other container (packets of MPEG-PS
 * and AVI lack times), and every frame is decoded and ffmpeg's best-effort time taken, with a checksum by which the frame
 * is known again after a seek. A recording that goes on in another stream of a transport stream is counted part by part.
 *
 * Throws `cancelled`, `ffmpeg-failed`, `video-truncated`, `ffmpeg-missing`.
 */
export async function buildFrameTable(
  context: DecodeContext,
  options: IndexOptions = {},
): Promise<FrameTable> {
  const parts = await partsOf(context, options.signal);
  const table =
    parts.length > 0
      ? await countInParts(context, parts, options, countFrames)
      : await countFrames(context, options);
  return { ...table, longestStep: secondsToTicks(longestStepSeconds(context.probe), table.timeBase) };
}

/**
 * A longer step between two frames joins two recordings. MPEG streams carry the recorder's clock, of which any player
 * takes 10 s for a leap; other containers hold a table of times that somebody wrote, in which a picture may stay for long.
 */
function longestStepSeconds(probe: VideoProbe): number {
  return ['mpegts', 'mpeg'].includes(probe.container) ? 10 : 3600;
}

async function countFrames(context: DecodeContext, options: IndexOptions): Promise<FrameTable> {
  const { probe, log } = context;
  let expected: number | null = null;
  if (!options.decodeAll && hasSeekTable(probe) && onePacketOneFrame.has(probe.codec)) {
    const packets =
      (options.readPackets ? null : await tableFromSamples(context, options.signal)) ??
      (await tableFromPackets(context, options));
    const table = packets && (await samplesAgree(context, packets.table, options.signal));
    if (table) return withFormats(context, table, packets.keyPositions, options.signal);
    expected = packets?.table.ticks.length ?? null;
    log.info('The packets do not tell the frames; decoding all of them', { container: probe.container });
  }
  return tableFromDecoding(context, options, expected);
}

function reporter(context: DecodeContext, options: IndexOptions): (done: number) => void {
  const { statedFrames, durationSeconds, nominalFrameRate } = context.probe;
  const rate = nominalFrameRate ? nominalFrameRate[0] / nominalFrameRate[1] : 25;
  const total = statedFrames ?? Math.round((durationSeconds ?? 0) * rate);
  return (done) => {
    if (done % 250 === 0) options.onProgress?.({ done, total: Math.max(done, total) });
  };
}

/** Reads presentation times from packets; null when they do not settle the matter. */
async function tableFromPackets(
  context: DecodeContext,
  options: IndexOptions,
): Promise<CountedPackets | null> {
  const { probe, tools, log } = context;
  const args = [
    ...['-v', 'error', '-select_streams', String(probe.streamIndex)],
    ...['-show_entries', 'packet=pts,duration,pos,flags', '-of', 'csv=p=0'],
    ...inputOf(probe.input),
  ];
  const child = startProcess(tools.ffprobe.path, args, { signal: options.signal, background: true, log });
  const builder = new FrameTableBuilder();
  const report = reporter(context, options);
  let latest = -Infinity;
  let lastDuration: number | null = null;
  let complete = true;
  const keyPositions: number[] = [];
  for await (const line of linesOf(child.stdout)) {
    const packet = parsePacketLine(line);
    if (!packet) continue;
    // This frame lies before the start of an edit list, so it is decoded for the frames after it and never shown.
    if (packet.discarded) continue;
    if (packet.pts === null) {
      complete = false;
      child.kill();
      break;
    }
    builder.add(packet.pts, packet.isKey);
    if (packet.isKey && packet.position !== null) keyPositions.push(packet.position);
    if (packet.pts > latest) {
      latest = packet.pts;
      lastDuration = packet.duration;
    }
    report(builder.length);
  }
  const end = await child.ended;
  throwIfAborted(options.signal);
  if (!complete || end.exitCode !== 0 || builder.length === 0) return null;
  builder.sort();
  const table = builder.finish(probe.timeBase, statedFormat(probe), 'packets', lastDuration);
  return table.seekable ? { table, keyPositions } : null;
}

export interface PacketLine {
  readonly pts: number | null;
  readonly duration: number | null;
  readonly position: number | null;
  readonly isKey: boolean;
  readonly discarded: boolean;
}

/** One line of `ffprobe -show_entries packet=pts,duration,pos,flags -of csv=p=0`, such as `1024,512,48,K__`. */
export function parsePacketLine(line: string): PacketLine | null {
  const match = /^(-?\d+|N\/A),(-?\d+|N\/A),(-?\d+|N\/A),([A-Z_]+)/.exec(line);
  if (!match) return null;
  const number = (text: string | undefined) => (text === undefined || text === 'N/A' ? null : Number(text));
  const flags = match[4] as string;
  return {
    pts: number(match[1]),
    duration: number(match[2]),
    position: number(match[3]),
    isKey: flags.includes('K'),
    discarded: flags.includes('D'),
  };
}

const headSample = 24;
const middleSample = 8;

/**
 * Decodes the head, two places in the middle and the tail, and compares times, sizes and key frames with the table's. Where
 * only the key frames differ, those that the decoder finds take their place. Null where more differs.
 */
async function samplesAgree(
  context: DecodeContext,
  packets: FrameTable,
  signal?: AbortSignal,
): Promise<FrameTable | null> {
  let table = packets;
  const count = table.ticks.length;
  const head = Math.min(count, headSample);
  let verdict = await sampleAgrees(context, table, 0, head, signal);
  if (verdict === 'other keys') {
    table = await withTrueKeys(context, table, signal);
    verdict = await sampleAgrees(context, table, 0, head, signal);
  }
  if (verdict !== 'agrees') return null;
  const tail = () =>
    keyFrameBefore(table, keyFrameBefore(table, count - 1) > count - 4 ? Math.max(0, count - 5) : count - 1);
  for (const place of [count / 3, (2 * count) / 3, count - 1]) {
    const isTail = place === count - 1;
    const sample = (): readonly [number, number | null] => {
      const key = isTail ? tail() : keyFrameBefore(table, Math.floor(place));
      return [key, isTail ? null : Math.min(count, key + middleSample)];
    };
    const [key] = sample();
    if (!isTail && (key === 0 || key >= tail())) continue;
    verdict = await sampleAgrees(context, table, ...sample(), signal);
    if (verdict === 'other keys') {
      table = await withTrueKeys(context, table, signal);
      verdict = await sampleAgrees(context, table, ...sample(), signal);
    }
    if (verdict !== 'agrees') return null;
  }
  return table;
}

type SampleVerdict = 'agrees' | 'other keys' | 'differs';

/** @param end index after the last frame compared; null asks that the file end where the table does */
async function sampleAgrees(
  context: DecodeContext,
  table: FrameTable,
  key: number,
  end: number | null,
  signal?: AbortSignal,
): Promise<SampleVerdict> {
  const expected = Array.from(table.ticks.subarray(key, end ?? table.ticks.length));
  const { bytes } = rawLayout(context.probe, statedFormat(context.probe));
  let verdict: SampleVerdict = 'differs';
  for (const place of seekPlaces(table, key, context.probe)) {
    const { frames, keys } = await decodeSample(context, {
      seekSeconds: place,
      fromTicks: expected[0] as number,
      count: end === null ? null : expected.length,
      signal,
    });
    const sameTimes =
      frames.length === expected.length && frames.every(({ pts }, index) => pts === expected[index]);
    if (sameTimes && frames.every((frame) => frame.bytes === bytes)) {
      const isFalse = (ticks: number, index: number) => table.keys[key + index] === 1 && !keys.has(ticks);
      // The first frame of a file counts as a key frame whatever it is: there is no other place to start.
      if (!expected.some((ticks, index) => key + index > 0 && isFalse(ticks, index))) return 'agrees';
      verdict = 'other keys';
    }
    context.log.debug('A sample of decoded frames differs from the packets', {
      key,
      place,
      got: frames.length,
      verdict,
    });
  }
  return verdict;
}

/** The table with the key frames that the decoder finds, for a container that flags others. */
async function withTrueKeys(
  context: DecodeContext,
  table: FrameTable,
  signal?: AbortSignal,
): Promise<FrameTable> {
  context.log.info('The container flags frames as key frames that are none; looking for the true ones');
  const times = new Set<number>();
  for await (const entry of readDecodeLog(context, { interval: null, keysOnly: true, signal })) {
    if (entry.kind === 'frame' && entry.isKey && entry.pts !== null) times.add(entry.pts);
  }
  const keys = Uint8Array.from(table.ticks, (ticks, index) => (index === 0 || times.has(ticks) ? 1 : 0));
  return { ...table, keys };
}

/** The table with the formats of its frames, where key frames say that they change on the way. */
async function withFormats(
  context: DecodeContext,
  table: FrameTable,
  keyPositions: readonly number[],
  signal?: AbortSignal,
): Promise<FrameTable> {
  const changes = context.probe.hasSeveralKinds || (await keyFramesDiffer(context, keyPositions, signal));
  if (!changes) return table;
  context.log.info('The picture changes on the way; looking where');
  const summary = new DecodeSummary(new Set(), false);
  for await (const entry of readDecodeLog(context, { interval: null, keysOnly: true, signal }))
    summary.add(entry);
  return { ...table, formats: summary.formats(table, statedFormat(context.probe)) };
}

/** Codecs of which every frame stands alone: their sizes tell a change of format, and all of them would be key frames. */
const everyFrameIsKey = new Set([
  'mjpeg',
  'prores',
  'dnxhd',
  'ffv1',
  'huffyuv',
  'ffvhuff',
  'rawvideo',
  'utvideo',
  'dvvideo',
]);

/** @param expected frames that the packets promise; null where they promise none */
async function tableFromDecoding(
  context: DecodeContext,
  options: IndexOptions,
  expected: number | null,
): Promise<FrameTable> {
  const { probe, log } = context;
  const { signal } = options;
  const report = reporter(context, options);
  let singleThread = false;
  for (let killed = 0; ;) {
    const builder = new FrameTableBuilder();
    const { bytes } = rawLayout(probe, statedFormat(probe));
    const sizes = new Set<number>([bytes]);
    const { end, keys, complaints, corrupt } = await decodeEveryFrame(context, {
      singleThread,
      signal,
      onFrame: (frame) => {
        builder.add(frame.pts, false, frame.checksum);
        sizes.add(frame.bytes);
        report(builder.length);
      },
    });
    throwIfAborted(signal);
    // Damage in the middle makes ffmpeg complain and go on; only an end from outside leaves the table short.
    if (end.killedBy && killed++ === 0) continue;
    if (end.killedBy) throw describeToolEnd(end, log);
    if (builder.length === 0) {
      if (end.exitCode !== 0) throw describeToolEnd(end, log);
      throw new WorkstationError(
        'video-truncated',
        'Not one picture in this file can be decoded.',
        'Copy it again from the recorder or the disk it came from.',
      );
    }
    // Some decoders leave out what they can't read without reporting it.
    const lacksFrames = expected !== null && builder.length < expected;
    if (!singleThread && (complaints > 0 || corrupt.size > 0 || lacksFrames)) {
      // What several threads make of damage differs from run to run, so it is decoded again by one.
      log.info('The decoder complained; decoding again in the way that always gives the same', {
        complaints,
      });
      singleThread = true;
      continue;
    }
    for (const index of keys) builder.setKey(index);
    const table = builder.finish(probe.timeBase, statedFormat(probe), 'decoded', null);
    const summary = new DecodeSummary(corrupt, lacksFrames);
    const isWhole = singleThread || sizes.size > 1;
    if (isWhole || !everyFrameIsKey.has(probe.codec)) {
      const entries = readDecodeLog(context, { interval: null, keysOnly: !isWhole, signal });
      for await (const entry of entries) summary.add(entry);
    }
    if (!singleThread && summary.hasCorruptPackets) {
      singleThread = true;
      continue;
    }
    return {
      ...table,
      singleThread,
      formats: summary.formats(table, statedFormat(probe)),
      damaged: singleThread ? summary.damaged(table) : table.damaged,
    };
  }
}
