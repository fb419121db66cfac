import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { secondsToTicks } from '../../preload/contract/frames.ts';
import type { TimeBase } from '../../preload/contract/values.ts';
import {
  describeToolEnd,
  hasSeekTable,
  inputArguments,
  seekPlaces,
  type DecodeContext,
} from './decode-arguments.ts';
import { FrameTableBuilder, keyFrameBefore, type FrameTable } from './frame-table.ts';
import { inputOf } from './media-input.ts';
import { linesOf, startProcess, type ProcessEnd } from './process.ts';
import type { VideoProbe } from './probe.ts';
import { parseShownFrame, parseShownTimeBase, type ShownFrame } from './show-info.ts';

/** Frames found so far, and how many are expected (an estimate from the stated length, corrected as it goes). */
export interface IndexProgress {
  readonly done: number;
  readonly total: number;
}

export interface IndexOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
  /** Decodes every frame even where the container's packets would do; for checking one way against the other. */
  readonly decodeAll?: boolean | undefined;
}

/** Codecs of which, in MP4, MOV and Matroska, one packet is one shown frame (VP8 is not: it has hidden frames). */
const onePacketOneFrame = new Set(['h264', 'hevc', 'vp9', 'av1', 'prores', 'dnxhd', 'mjpeg', 'ffv1']);

/**
 * Builds the table of a video's frames: integer ticks in presentation order, key frames, and what ffmpeg shows first as
 * frame 0.
 *
 * MP4, MOV and Matroska carry a presentation time in every packet, so reading the packets is enough, after samples at the
 * head, in the middle and at the tail have been decoded and agree. Any doubt, and any other container (packets of MPEG-PS
 * and AVI lack times), and every frame is decoded and ffmpeg's best-effort time taken, with a checksum by which the frame
 * is known again after a seek.
 *
 * Throws `cancelled`, `ffmpeg-failed`, `video-truncated`, `ffmpeg-missing`.
 */
export async function buildFrameTable(
  context: DecodeContext,
  options: IndexOptions = {},
): Promise<FrameTable> {
  const table = await countFrames(context, options);
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
  if (!options.decodeAll && hasSeekTable(probe) && onePacketOneFrame.has(probe.codec)) {
    const table = await tableFromPackets(context, options);
    if (table && (await samplesAgree(context, table, options.signal))) return table;
    log.info('The packets do not tell the frames; decoding all of them', { container: probe.container });
  }
  return tableFromDecoding(context, options);
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
async function tableFromPackets(context: DecodeContext, options: IndexOptions): Promise<FrameTable | null> {
  const { probe, tools, log } = context;
  const args = [
    ...['-v', 'error', '-select_streams', String(probe.streamIndex)],
    ...['-show_entries', 'packet=pts,duration,flags', '-of', 'csv=p=0'],
    ...inputOf(probe.input),
  ];
  const child = startProcess(tools.ffprobe.path, args, { signal: options.signal, background: true, log });
  const builder = new FrameTableBuilder();
  const report = reporter(context, options);
  let latest = -Infinity;
  let lastDuration: number | null = null;
  let complete = true;
  for await (const line of linesOf(child.stdout)) {
    const packet = parsePacketLine(line);
    if (!packet) continue;
    // Before an edit list's start: decoded for the frames after it, never shown.
    if (packet.discarded) continue;
    if (packet.pts === null) {
      complete = false;
      child.kill();
      break;
    }
    builder.add(packet.pts, packet.isKey);
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
  const table = builder.finish(probe.timeBase, 'packets', lastDuration);
  return table.seekable ? table : null;
}

export interface PacketLine {
  readonly pts: number | null;
  readonly duration: number | null;
  readonly isKey: boolean;
  readonly discarded: boolean;
}

/** One line of `ffprobe -show_entries packet=pts,duration,flags -of csv=p=0`, such as `1024,512,K__`. */
export function parsePacketLine(line: string): PacketLine | null {
  const match = /^(-?\d+|N\/A),(-?\d+|N\/A),([A-Z_]+)/.exec(line);
  if (!match) return null;
  const number = (text: string | undefined) => (text === undefined || text === 'N/A' ? null : Number(text));
  const flags = match[3] as string;
  return {
    pts: number(match[1]),
    duration: number(match[2]),
    isKey: flags.includes('K'),
    discarded: flags.includes('D'),
  };
}

const headSample = 24;
const middleSample = 8;

/** Decodes the head, two places in the middle and the tail, and compares their times with the table's. */
async function samplesAgree(
  context: DecodeContext,
  table: FrameTable,
  signal?: AbortSignal,
): Promise<boolean> {
  const count = table.ticks.length;
  const tail = keyFrameBefore(
    table,
    keyFrameBefore(table, count - 1) > count - 4 ? Math.max(0, count - 5) : count - 1,
  );
  if (!(await sampleAgrees(context, table, 0, Math.min(count, headSample), signal))) return false;
  for (const place of [count / 3, (2 * count) / 3]) {
    const key = keyFrameBefore(table, Math.floor(place));
    if (key > 0 && key < tail && !(await sampleAgrees(context, table, key, key + middleSample, signal)))
      return false;
  }
  return sampleAgrees(context, table, tail, null, signal);
}

/** @param end index after the last frame compared; null asks that the file end where the table does */
async function sampleAgrees(
  context: DecodeContext,
  table: FrameTable,
  key: number,
  end: number | null,
  signal?: AbortSignal,
): Promise<boolean> {
  const expected = Array.from(table.ticks.subarray(key, end ?? table.ticks.length));
  for (const place of seekPlaces(table, key, context.probe)) {
    const times: (number | null)[] = [];
    const first = expected[0] as number;
    const run = await showFrames(context, {
      seek: place,
      signal,
      onFrame: (frame) => {
        if (times.length === 0 && frame.pts !== null && frame.pts < first) return true;
        times.push(frame.pts);
        return end === null || times.length < expected.length;
      },
    });
    throwIfAborted(signal);
    if (run.timeBase && !sameTimeBase(run.timeBase, table.timeBase)) return false;
    if (times.length === expected.length && times.every((time, index) => time === expected[index]))
      return true;
    context.log.debug('A sample of decoded frames differs from the packets', {
      key,
      place,
      got: times.length,
    });
  }
  return false;
}

function sameTimeBase(a: TimeBase, b: TimeBase): boolean {
  return a[0] * b[1] === b[0] * a[1];
}

interface ShowRequest {
  readonly seek: number | null;
  readonly signal?: AbortSignal | undefined;
  /** Returns false to end the run. */
  readonly onFrame: (frame: ShownFrame) => boolean;
}

/** Decodes and describes frames, with no pixels coming out. */
async function showFrames(
  context: DecodeContext,
  request: ShowRequest,
): Promise<{ end: ProcessEnd; timeBase: TimeBase | null; enough: boolean }> {
  let timeBase: TimeBase | null = null;
  let enough = false;
  const child = startProcess(
    context.tools.ffmpeg.path,
    [
      ...inputArguments(context, request.seek),
      ...['-vf', 'showinfo', ...context.tools.everyFrame, '-f', 'null', '-'],
    ],
    {
      signal: request.signal,
      background: true,
      log: context.log,
      onErrorLine: (line) => {
        timeBase ??= parseShownTimeBase(line);
        const frame = enough ? null : parseShownFrame(line);
        if (!frame || request.onFrame(frame)) return;
        enough = true;
        child.kill();
      },
    },
  );
  child.stdout.resume();
  return { end: await child.ended, timeBase, enough };
}

async function tableFromDecoding(context: DecodeContext, options: IndexOptions): Promise<FrameTable> {
  const report = reporter(context, options);
  for (let attempt = 0; ; attempt++) {
    const builder = new FrameTableBuilder();
    const { end, timeBase } = await showFrames(context, {
      seek: null,
      signal: options.signal,
      onFrame: (frame) => {
        builder.add(frame.pts, frame.isKey, frame.checksum);
        report(builder.length);
        return true;
      },
    });
    throwIfAborted(options.signal);
    // Damage in the middle makes ffmpeg complain and go on; only an end from outside leaves the table short.
    if (end.killedBy && attempt === 0) continue;
    if (end.killedBy) throw describeToolEnd(end, context.log);
    if (builder.length === 0) {
      if (end.exitCode !== 0) throw describeToolEnd(end, context.log);
      throw new WorkstationError(
        'video-truncated',
        'Not one picture in this file can be decoded.',
        'Copy it again from the recorder or the disk it came from.',
      );
    }
    return builder.finish(timeBase ?? context.probe.timeBase, 'decoded', null);
  }
}
