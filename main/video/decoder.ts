import { createHash } from 'node:crypto';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { checkFrameIndex } from '../../preload/contract/frames.ts';
import { eyeRegion, type FrameEye, type StereoEye } from '../../preload/contract/stereo.ts';
import type { FrameIndex, Ticks } from '../../preload/contract/values.ts';
import { planarToRgb } from './colour.ts';
import {
  conversionFilter,
  corner,
  decodeStarts,
  describeToolEnd,
  frameDecoder,
  inputArguments,
  isKeyExpression,
  needsOneThread,
  sourceFilter,
  type DecodeContext,
  type DecodeStart,
} from './decode-arguments.ts';
import { isComplaint } from './decode-log.ts';
import { asDisplayed, cutOut } from './display.ts';
import { formatAt, rawLayout, type FrameFormat } from './frame-format.ts';
import { FrameList, listOutput, rawFrames, type ListedFrame } from './frame-list.ts';
import { knownDamage, learnFormats, lookForDamage } from './frame-look.ts';
import { nextKeyFrame, type FrameTable } from './frame-table.ts';
import { PixelPipe } from './pixel-pipe.ts';
import type { VideoProbe } from './probe.ts';
import { startProcess, type ProcessEnd } from './process.ts';
import { partAt } from './table-parts.ts';

/** A frame as the decoder gives it: in planes if our own conversion reads them, else in RGB. */
export interface RawFrame {
  readonly index: FrameIndex;
  readonly pts: Ticks;
  readonly format: FrameFormat;
  readonly isDamaged: boolean;
  readonly data: Buffer;
  /** What the file says of the stream that it comes from. */
  readonly source: Pick<VideoProbe, 'pixelFormat' | 'orientation'>;
}

/** A frame as people and models see it, which is upright and has square pixels (`display.ts`). */
export interface DecodedFrame {
  readonly index: FrameIndex;
  /** Presentation time in ticks of the stream's time base. */
  readonly pts: Ticks;
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits, rows from the top: [height, width, 3]. Shared with the cache: do not write to it. */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /**
   * SHA-256 of the text `rgb24 WIDTHxHEIGHT\n` followed by the RGB bytes, in hexadecimal, of the picture as coded: before
   * it is turned, mirrored or its pixels are made square; of one eye's part of it, where that is what is shown.
   */
  readonly hash: string;
  /** The eye whose picture this is; missing for the whole picture. */
  readonly eye?: FrameEye;
  /**
   * The file is damaged here: the decoder complained of this frame, or of one that it may lean on, and drew what it could.
   * The picture, and so the hash, is the same every time.
   */
  readonly isDamaged: boolean;
}

/**
 * The one way from decoded planes to a frame with its hash, whether they were cached or not. Here an eye's picture is cut out: of
 * full colours, so that it is exact for odd sizes and every chroma.
 */
export function finishFrame(raw: RawFrame, eye: StereoEye | null = null): DecodedFrame {
  const { index, pts, isDamaged, format, source } = raw;
  const { width, height, colourMatrix, fullRange, pixelAspect } = format;
  const { orientation } = source;
  const { planar } = rawLayout(source, format);
  const whole = planar
    ? planarToRgb({ planes: raw.data, width, height, format: planar, matrix: colourMatrix, fullRange })
    : new Uint8Array(raw.data);
  const region = eye && eyeRegion({ width, height }, eye);
  const coded = region ? cutOut({ rgb: whole, width, height }, region) : { rgb: whole, width, height };
  const hash = hashPicture(coded.rgb, coded.width, coded.height);
  return {
    index,
    pts,
    ...asDisplayed(coded, { pixelAspect, orientation, eye }),
    hash,
    isDamaged,
    ...(eye && region ? { eye: { ...eye, region } } : {}),
  };
}

export function hashPicture(rgb: Uint8Array, width: number, height: number): string {
  return createHash('sha256').update(`rgb24 ${width}x${height}\n`).update(rgb).digest('hex');
}

export interface DecodeRequest {
  readonly first: number;
  /** The last frame, which is decoded too. */
  readonly last: number;
  /** Called in order. A promise holds the decoder back until it resolves. */
  readonly onFrame: (frame: RawFrame) => void | Promise<void>;
  /** Whether `onFrame` copies what it keeps of a frame's data, which the next one overwrites then. */
  readonly copied?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly background?: boolean | undefined;
}

/**
 * Decodes frames `first` to `last` exactly.
 *
 * ffmpeg is sent to the key frame before `first` and decodes on with the file's own times. Nothing is assumed about where
 * it landed: the decoder itself must call the first frame out a key frame, and each frame's time (and, where the index
 * holds one, its checksum) must be the table's. Otherwise the same is tried from further back, at last from the start of
 * the file.
 *
 * Where the decoder complains, nothing that it gave is taken: the group of pictures is looked at and decoded again in the one
 * way that always gives the same pictures (one thread, from its own key frame, for this group alone).
 *
 * Throws `frame-out-of-range`, `ffmpeg-failed`, `ffmpeg-missing`, `cancelled`.
 */
export async function decodeFrames(
  context: DecodeContext,
  table: FrameTable,
  request: DecodeRequest,
): Promise<void> {
  checkFrameIndex(request.first, table.ticks.length);
  checkFrameIndex(request.last, table.ticks.length);
  for (let next = request.first; next <= request.last;) {
    const part = partAt(context, table, next);
    const end = part.first + part.table.ticks.length;
    await decodeOneStream(part.context, part.table, {
      ...request,
      first: next - part.first,
      last: Math.min(request.last, end - 1) - part.first,
      onFrame: (frame) => request.onFrame({ ...frame, index: (part.first + frame.index) as FrameIndex }),
    });
    next = end;
  }
}

async function decodeOneStream(
  context: DecodeContext,
  table: FrameTable,
  request: DecodeRequest,
): Promise<void> {
  let next = request.first;
  let killed = 0;
  const onFrame = (frame: RawFrame) => {
    next = frame.index + 1;
    return request.onFrame(frame);
  };
  while (next <= request.last) {
    const starts = decodeStarts(table, next, context.probe);
    for (let tried = 0; tried < starts.length && next <= request.last;) {
      throwIfAborted(request.signal);
      const before = next;
      const damaged = await knownDamage(table, next, request.signal);
      // A group that may be damaged without notice is decoded alone, because what is left in memory from earlier pictures
      // would show in it.
      const alone = damaged !== null || (needsOneThread(context.probe) && table.seekable);
      const last = alone ? Math.min(request.last, nextKeyFrame(table, next) - 1) : request.last;
      const outcome = await attempt(context, table, {
        ...request,
        first: next,
        last,
        onFrame,
        start: starts[tried] as DecodeStart,
        damaged,
      });
      throwIfAborted(request.signal);
      if (outcome.complained && !outcome.mismatch && !damaged) {
        await lookForDamage(context, table, next, request.signal);
        break;
      }
      if (outcome.end.killedBy && !outcome.mismatch && next <= last) {
        // If something outside ended the decode in the middle, it goes on once from where it stopped, and then gives up.
        if (outcome.end.stalled || ++killed > 1) throw describeToolEnd(outcome.end, context.log);
        break;
      }
      if (next > before) break;
      tried++;
      // Frames that a careful decode from a true key frame does not give do not exist.
      if (tried === starts.length || (damaged && outcome.wasProved))
        throw undecodable(context, next, outcome);
      context.log.debug('A decode began in the wrong place; going further back', {
        tried,
        mismatch: outcome.mismatch,
      });
    }
  }
}

interface AttemptOutcome {
  readonly end: ProcessEnd;
  readonly mismatch: string | null;
  /** Whether it began at a frame that the decoder calls a key frame. */
  readonly wasProved: boolean;
  /** Whether the decoder reported trouble, or a frame of the table was not handed out. */
  readonly complained: boolean;
}

function undecodable(context: DecodeContext, index: number, outcome: AttemptOutcome): WorkstationError {
  context.log.warn('A frame could not be decoded', {
    index,
    mismatch: outcome.mismatch,
    exitCode: outcome.end.exitCode,
  });
  context.log.debug('Last words of the media tool', { lines: outcome.end.errorTail });
  return new WorkstationError(
    'ffmpeg-failed',
    `Frame ${index} is listed in the file but cannot be decoded; the file is damaged there.`,
    'Choose another frame, or copy the file again from the recorder.',
  );
}

interface AttemptRequest extends DecodeRequest {
  readonly start: DecodeStart;
  /**
   * The damaged frames of the one group that is decoded; null if they are not known, and then a complaint ends the attempt.
   */
  readonly damaged: ReadonlySet<number> | null;
}

/** One run of ffmpeg; ends early at the first frame that is not the one expected. */
async function attempt(
  context: DecodeContext,
  table: FrameTable,
  request: AttemptRequest,
): Promise<AttemptOutcome> {
  const { first, last, start } = request;
  const fromPackets = table.source === 'packets';
  let complaints = 0;
  const child = startProcess(context.tools.ffmpeg.path, pixelArguments(context, table, request), {
    signal: request.signal,
    background: request.background,
    log: context.log,
    channels: 2,
    onErrorLine: (line) => {
      if (fromPackets && isComplaint(line)) complaints++;
    },
  });
  const [described, timed] = child.channels.map((channel) => new FrameList(channel)) as [
    FrameList,
    FrameList,
  ];
  const pixels = new PixelPipe(child.stdout, request.copied);

  let next = first;
  let mismatch: string | null = null;
  let wasProved = false;
  let complained = false;
  let drained = false;
  try {
    while (next <= last) {
      const index = next;
      // Pixels and descriptions come through separate pipes and may arrive in any order.
      const expected = rawLayout(context.probe, formatAt(table, index)).bytes;
      const [frame, read] = await Promise.all([described.next(), pixels.read(expected)]);
      if (request.signal?.aborted || !frame) break;
      if (index === first) {
        mismatch = await wrongStart(table, start, timed);
        wasProved = mismatch === null && start.seekSeconds !== null;
      }
      mismatch ??= difference(table, index, frame);
      if (mismatch) break;
      const data = await wholeFrame(context, table, { index, frame, read, pixels, signal: request.signal });
      // The process ended in the middle of this frame's bytes.
      if (!data && read.length < Math.min(expected, frame.bytes)) break;
      if (!data) {
        mismatch = `frame ${index}: ${frame.bytes} bytes`;
        break;
      }
      const hasGap = fromPackets && (await timed.countUpTo(frame.pts)) !== index - start.key + 1;
      // What the decoder said before it handed out this frame lies in the pipe by now, but may not have been read.
      if (fromPackets) await everythingArrived();
      complained = complaints > 0 || hasGap;
      if (complained && !request.damaged) break;
      next++;
      await request.onFrame({
        index: index as FrameIndex,
        pts: table.ticks[index] as Ticks,
        format: formatAt(table, index),
        isDamaged: table.damaged ? table.damaged[index] === 1 : hasGap || !!request.damaged?.has(index),
        data,
        source: context.probe,
      });
    }
    drained = next <= last && mismatch === null && !complained;
  } finally {
    // A run that ended by itself must not look as if it had been killed.
    if (!drained) child.kill();
    pixels.close();
  }
  const end = await child.ended;
  // A run that gave less than was asked may say why only at its end.
  complained ||= drained && complaints > 0;
  return { end: drained ? end : { ...end, killedBy: null }, mismatch, wasProved, complained };
}

/** The decoder must have begun at the key frame, and call it one; the filter lets it pass on no other terms. */
async function wrongStart(table: FrameTable, start: DecodeStart, timed: FrameList): Promise<string | null> {
  if (!table.seekable || start.seekSeconds === null) return null;
  const began = (await timed.peek())?.pts;
  return began === table.ticks[start.key] ? null : `began at ${began}, not at ${table.ticks[start.key]}`;
}

/** The frame's bytes, of which `read` were read as its format has it; null when it has another and none is found. */
async function wholeFrame(
  context: DecodeContext,
  table: FrameTable,
  part: {
    index: number;
    frame: ListedFrame;
    read: Buffer;
    pixels: PixelPipe;
    signal: AbortSignal | undefined;
  },
): Promise<Buffer | null> {
  const { index, frame, read, pixels } = part;
  const bytesOf = () => rawLayout(context.probe, formatAt(table, index)).bytes;
  if (bytesOf() !== frame.bytes) await learnFormats(context, table, index, part.signal);
  if (bytesOf() !== frame.bytes) return null;
  if (read.length === frame.bytes) return read;
  pixels.unread(read);
  const data = await pixels.read(frame.bytes);
  return data.length === frame.bytes ? data : null;
}

function everythingArrived(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function difference(table: FrameTable, index: number, frame: ListedFrame): string | null {
  const expected = table.ticks[index];
  if (table.seekable && frame.pts !== expected) return `frame ${index}: time ${frame.pts}, not ${expected}`;
  if (table.checksums && frame.checksum !== table.checksums[index]) return `frame ${index}: other content`;
  return null;
}

/**
 * Three outputs of one decode: the pixels of the frames wanted, their list, and a list of all frames from the key frame on.
 * ffmpeg's own expressions are doubles: exact for ticks below 2^53.
 */
function pixelArguments(context: DecodeContext, table: FrameTable, request: AttemptRequest): string[] {
  const { probe, tools } = context;
  const { first, start } = request;
  const key = table.ticks[start.key];
  const fromKey = `gt(pts,${key})+eq(pts,${key})*${isKeyExpression}`;
  const begin = !table.seekable ? '1' : start.seekSeconds === null ? `gte(pts,${key})` : fromKey;
  // No bound at the last frame: from 5.1 on ffmpeg hands a frame out when a later one has come, and the last of a bounded
  // output at the end of the file. The process waits at the full pipe, and is ended when the wanted frames were read.
  const wanted = table.seekable ? `gte(pts,${table.ticks[first]})` : `gte(n,${first})`;
  const graph =
    `${sourceFilter(context)},select='${begin}',split=2[from][all];` +
    `[all]${corner}[times];[from]select='${wanted}',${conversionFilter(probe)}split=2[list][pixels]`;
  return [
    ...inputArguments(
      context,
      start.seekSeconds,
      frameDecoder(probe, table.singleThread || request.damaged !== null),
    ),
    ...['-filter_complex', graph],
    ...listOutput(tools, probe.timeBase, 'list', 3),
    ...listOutput(tools, probe.timeBase, 'times', 4),
    ...['-map', '[pixels]', ...tools.everyFrame, ...rawFrames, '-f', 'rawvideo', 'pipe:1'],
  ];
}
