import { createHash } from 'node:crypto';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { checkFrameIndex } from '../../preload/contract/frames.ts';
import type { FrameIndex, Ticks } from '../../preload/contract/values.ts';
import {
  planarBytes,
  planarFormat,
  planarToRgb,
  planesAsRgb,
  swscaleMatrix,
  type PlanarFormat,
} from './colour.ts';
import { describeToolEnd, inputArguments, seekPlaces, type DecodeContext } from './decode-arguments.ts';
import { asDisplayed } from './display.ts';
import { keyFrameBefore, type FrameTable } from './frame-table.ts';
import { startProcess, type ProcessEnd } from './process.ts';
import { parseShownFrame, type ShownFrame } from './show-info.ts';

/** A frame as it leaves the decoder: planes where our own conversion reads them, else RGB. */
export interface RawFrame {
  readonly index: FrameIndex;
  readonly pts: Ticks;
  readonly data: Buffer;
}

/** A frame as people and models see it: as displayed, upright and with square pixels (`display.ts`). */
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
   * it is turned, mirrored or its pixels are made square.
   */
  readonly hash: string;
}

export interface RawLayout {
  /** Null where ffmpeg converts to RGB itself. */
  readonly planar: PlanarFormat | null;
  readonly bytes: number;
}

export function rawLayout(context: DecodeContext): RawLayout {
  const { pixelFormat, width, height } = context.probe;
  const planar = planarFormat(pixelFormat);
  return { planar, bytes: planar ? planarBytes(planar, width, height) : width * height * 3 };
}

/** The one way from decoded planes to a frame with its hash, whether they were cached or not. */
export function finishFrame(context: DecodeContext, raw: RawFrame): DecodedFrame {
  const { width, height, colourMatrix, fullRange } = context.probe;
  const { planar } = rawLayout(context);
  const rgb = planar
    ? planarToRgb({ planes: raw.data, width, height, format: planar, matrix: colourMatrix, fullRange })
    : new Uint8Array(raw.data);
  const hash = hashPicture(rgb, width, height);
  return { index: raw.index, pts: raw.pts, ...asDisplayed({ rgb, width, height }, context.probe), hash };
}

export function hashPicture(rgb: Uint8Array, width: number, height: number): string {
  return createHash('sha256').update(`rgb24 ${width}x${height}\n`).update(rgb).digest('hex');
}

export interface DecodeRequest {
  readonly first: number;
  /** Included. */
  readonly last: number;
  /** Called in order. A promise holds the decoder back until it resolves. */
  readonly onFrame: (frame: RawFrame) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
  readonly background?: boolean | undefined;
}

/**
 * Decodes frames `first` to `last` exactly.
 *
 * ffmpeg is sent to the key frame before `first` and decodes on with the file's own times. Nothing is assumed about where
 * it landed: the key frame itself must come out, and each frame's time (and, where the index holds one, its checksum) must
 * be the table's. Otherwise the same is tried from further back, at last from the start of the file.
 *
 * Throws `frame-out-of-range`, `ffmpeg-failed`, `ffmpeg-missing`, `cancelled`.
 */
export async function decodeFrames(
  context: DecodeContext,
  table: FrameTable,
  request: DecodeRequest,
): Promise<void> {
  const count = table.ticks.length;
  checkFrameIndex(request.first, count);
  checkFrameIndex(request.last, count);
  let next = request.first;
  let killed = 0;
  const onFrame = (frame: RawFrame) => {
    next = frame.index + 1;
    return request.onFrame(frame);
  };
  while (next <= request.last) {
    const places = seekPlaces(table, keyFrameBefore(table, next), context.probe);
    for (let place = 0; place < places.length && next <= request.last;) {
      throwIfAborted(request.signal);
      const before = next;
      const outcome = await attempt(
        context,
        table,
        { ...request, first: next, onFrame },
        places[place] ?? null,
      );
      throwIfAborted(request.signal);
      if (outcome.end.killedBy && !outcome.mismatch && next <= request.last) {
        // Ended from outside in the middle: once more from where it stopped, then give up.
        if (outcome.end.stalled || ++killed > 1) throw describeToolEnd(outcome.end, context.log);
        break;
      }
      if (next > before) break;
      place++;
      if (place === places.length) throw undecodable(context, next, outcome);
      context.log.debug('A decode began in the wrong place; going further back', {
        place,
        mismatch: outcome.mismatch,
      });
    }
  }
}

interface AttemptOutcome {
  readonly end: ProcessEnd;
  readonly mismatch: string | null;
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

/** One run of ffmpeg; ends early at the first frame that is not the one expected. */
async function attempt(
  context: DecodeContext,
  table: FrameTable,
  request: DecodeRequest,
  place: number | null,
): Promise<AttemptOutcome> {
  const { first, last } = request;
  const key = keyFrameBefore(table, first);
  // The key frame is asked for too, as the proof that decoding began there.
  const wanted = key < first && place !== null ? [key] : [];
  const expected = (position: number) =>
    position < wanted.length ? (wanted[position] as number) : first + position - wanted.length;
  const total = wanted.length + last - first + 1;

  const shown: ShownFrame[] = [];
  const waiting: (() => void)[] = [];
  let closed = false;
  const child = startProcess(
    context.tools.ffmpeg.path,
    pixelArguments(context, { place, select: selectExpression(table, first, wanted, place), total }),
    {
      signal: request.signal,
      background: request.background,
      log: context.log,
      onErrorLine: (line) => {
        const frame = parseShownFrame(line);
        if (!frame) return;
        shown.push(frame);
        waiting.shift()?.();
      },
    },
  );
  // Not the process's own end: that comes only when standard output has been read, which waits for a description.
  void child.errorsEnded.then(() => {
    closed = true;
    for (const resolve of waiting.splice(0)) resolve();
  });
  // Pixels and descriptions come over two pipes, in any order of arrival.
  const describe = async (position: number): Promise<ShownFrame | undefined> => {
    while (shown.length <= position && !closed) await new Promise<void>((resolve) => waiting.push(resolve));
    return shown[position];
  };

  let position = 0;
  let mismatch: string | null = null;
  let drained = false;
  try {
    for await (const data of framesOf(child.stdout, rawLayout(context).bytes)) {
      if (request.signal?.aborted) break;
      const frame = await describe(position);
      const index = expected(position);
      mismatch = frame ? difference(table, index, frame) : 'a picture without a description';
      if (mismatch || position >= total) break;
      position++;
      if (index >= first) {
        await request.onFrame({ index: index as FrameIndex, pts: table.ticks[index] as Ticks, data });
      }
      if (position === total) break;
    }
    drained = position < total && mismatch === null;
  } finally {
    // A run that ended by itself must not look as if it had been killed.
    if (!drained) child.kill();
  }
  const end = await child.ended;
  return { end: position === total ? { ...end, killedBy: null } : end, mismatch };
}

function difference(table: FrameTable, index: number, frame: ShownFrame): string | null {
  const expected = table.ticks[index];
  if (table.seekable && frame.pts !== expected) return `frame ${index}: time ${frame.pts}, not ${expected}`;
  if (table.checksums && frame.checksum !== table.checksums[index]) return `frame ${index}: other content`;
  return null;
}

/** ffmpeg's own expressions are doubles: exact for ticks below 2^53. */
function selectExpression(
  table: FrameTable,
  first: number,
  wanted: readonly number[],
  place: number | null,
): string {
  if (!table.seekable || place === null) return `gte(n,${first})`;
  const keys = wanted.map((index) => `eq(pts,${table.ticks[index]})+`).join('');
  return `${keys}gte(pts,${table.ticks[first]})`;
}

function pixelArguments(
  context: DecodeContext,
  run: { place: number | null; select: string; total: number },
): string[] {
  const { width, height, pixelFormat, colourMatrix, fullRange } = context.probe;
  const { planar } = rawLayout(context);
  const range = fullRange ? 'full' : 'limited';
  // Where planes leave as they are, this scales only a stream that changes its size on the way. Elsewhere it is the
  // conversion itself, with everything said that ffmpeg would otherwise guess.
  const scale = planar
    ? `scale=${width}:${height}:flags=bicubic+accurate_rnd`
    : `scale=${width}:${height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp` +
      (swscaleMatrix(colourMatrix)
        ? `:in_range=${range}:out_range=full:in_color_matrix=${swscaleMatrix(colourMatrix)}`
        : '');
  return [
    ...inputArguments(context, run.place),
    ...['-vf', `select='${run.select}',showinfo,${planesAsRgb(context.probe)}${scale}`],
    ...context.tools.everyFrame,
    ...[
      '-frames:v',
      String(run.total),
      '-pix_fmt',
      planar
        ? planesAsRgb(context.probe)
          ? pixelFormat.replace(/^yuvj?444p/, 'gbrp')
          : pixelFormat
        : 'rgb24',
      '-f',
      'rawvideo',
      'pipe:1',
    ],
  ];
}

/** Cuts a stream into pieces of `bytes`. A piece cut short at the end is dropped. */
async function* framesOf(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  let frame = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  for await (const chunk of stream) {
    let taken = 0;
    while (taken < chunk.length) {
      const part = Math.min(chunk.length - taken, bytes - filled);
      frame.set(chunk.subarray(taken, taken + part), filled);
      taken += part;
      filled += part;
      if (filled < bytes) continue;
      yield frame;
      frame = Buffer.allocUnsafeSlow(bytes);
      filled = 0;
    }
  }
}
