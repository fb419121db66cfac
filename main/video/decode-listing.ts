import type { Readable } from 'node:stream';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import {
  conversionFilter,
  corner,
  frameDecoder,
  inputArguments,
  isKeyExpression,
  sourceFilter,
  type DecodeContext,
} from './decode-arguments.ts';
import { isComplaint } from './decode-log.ts';
import { FrameList, listOutput, listedFrames, parseListedFrame, type ListedFrame } from './frame-list.ts';
import { linesOf, startProcess, type ProcessEnd } from './process.ts';

/** A decode that lists frames and hands out no pixels. */

export interface SampleRequest {
  readonly seekSeconds: number | null;
  /** Frames before this time are left out. */
  readonly fromTicks: number;
  /** How many frames to list; null for all up to the end of the file. */
  readonly count: number | null;
  readonly signal?: AbortSignal | undefined;
}

/** Lists some frames, and the times of those that the decoder calls key frames. */
export async function decodeSample(
  context: DecodeContext,
  { seekSeconds, fromTicks, count, signal }: SampleRequest,
): Promise<{ frames: ListedFrame[]; keys: Set<number> }> {
  const { tools, probe, log } = context;
  const graph =
    `${sourceFilter(context)},select='gte(pts,${fromTicks})',${count === null ? '' : `trim=end_frame=${count},`}` +
    `split=2[all][some];[all]${conversionFilter(probe)}null[list];[some]select='${isKeyExpression}',${corner}[keys]`;
  const child = startProcess(
    tools.ffmpeg.path,
    [
      ...[...inputArguments(context, seekSeconds, frameDecoder(probe, false)), '-filter_complex', graph],
      ...[...listOutput(tools, probe.timeBase, 'list', 1), ...listOutput(tools, probe.timeBase, 'keys', 3)],
    ],
    { signal, background: true, log, channels: 1 },
  );
  const keys = new Set<number>();
  const keysRead = (async () => {
    for await (const frame of listedFrames(child.channels[0] as Readable)) keys.add(frame.pts);
  })();
  const frames: ListedFrame[] = [];
  for await (const frame of listedFrames(child.stdout)) frames.push(frame);
  await keysRead;
  await child.ended;
  throwIfAborted(signal);
  return { frames, keys };
}

/** A frame of the whole file; `pts` is null where even ffmpeg finds no time for it. */
export interface CountedFrame {
  readonly pts: number | null;
  readonly bytes: number;
  readonly checksum: number;
}

/**
 * A muxer corrects times that run backwards, but the table wants them as they are. So each time is sent in two parts, each
 * added to the frame's number, which always rises: the number times `part`, plus the high or the low half of the time.
 */
const part = 2 ** 24;
/** This makes negative times positive. */
const offset = part * part * 0.25;

/** Puts a time together from its two parts; null for a frame without a time. */
function timeOf(high: number, low: number): number | null {
  const above = high % part;
  return above === 0 ? null : (above - 1) * part + (low % part) - offset;
}

export interface WholeListing {
  readonly end: ProcessEnd;
  /** The numbers of the frames that the decoder calls key frames. */
  readonly keys: readonly number[];
  /** How many of the decoder's messages tell of trouble with the picture. */
  readonly complaints: number;
  /** The times of packets that arrived damaged, as far as this ffmpeg reports them. */
  readonly corrupt: ReadonlySet<number>;
}

/** Decodes the whole file and lists its frames in the order in which they come out. */
export async function decodeEveryFrame(
  context: DecodeContext,
  request: {
    readonly singleThread: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly onFrame: (frame: CountedFrame) => void;
  },
): Promise<WholeListing> {
  const { tools, probe, log } = context;
  const stamped = (value: string) => `${corner},setpts='N*${part}+if(isnan(PTS),0,${value})'`;
  const graph =
    `${sourceFilter(context)},split=4[all][h][l][k];[all]${conversionFilter(probe)}null[list];` +
    `[h]${stamped(`1+floor((PTS+${offset})/${part})`)}[high];[l]${stamped(`mod(PTS+${offset},${part})`)}[low];` +
    `[k]${corner},setpts=N,select='${isKeyExpression}'[keys]`;
  let complaints = 0;
  const isTransportStream = probe.container === 'mpegts';
  const output = (label: string, pipe: number) => listOutput(tools, probe.timeBase, label, pipe);
  const child = startProcess(
    tools.ffmpeg.path,
    [
      ...[
        ...inputArguments(context, null, frameDecoder(probe, request.singleThread)),
        '-filter_complex',
        graph,
      ],
      ...[...output('list', 1), ...output('high', 3), ...output('low', 4), ...output('keys', 5)],
      // The packets unchanged, which show what was lost on the way.
      ...(isTransportStream
        ? ['-map', `0:${probe.streamIndex}`, '-c', 'copy', '-copyinkf', '-f', 'framecrc', 'pipe:6']
        : []),
    ],
    {
      signal: request.signal,
      background: true,
      log,
      channels: isTransportStream ? 4 : 3,
      onErrorLine: (line) => {
        if (isComplaint(line)) complaints++;
      },
    },
  );
  const [high, low, keyed] = child.channels.slice(0, 3).map((channel) => new FrameList(channel)) as [
    FrameList,
    FrameList,
    FrameList,
  ];
  const packets = child.channels[3];
  const packetsRead = packets && readCorrupt(packets);
  for await (const { bytes, checksum } of listedFrames(child.stdout)) {
    const [above, below] = [await high.next(), await low.next()];
    if (!above || !below) break;
    request.onFrame({ pts: timeOf(above.pts, below.pts), bytes, checksum });
  }
  const keys: number[] = [];
  for (let frame = await keyed.next(); frame; frame = await keyed.next()) keys.push(frame.pts);
  const corrupt = (await packetsRead) ?? new Set<number>();
  return { end: await child.ended, keys, complaints, corrupt };
}

const corruptFlag = 2;

/** Times of the packets of a list that are marked as damaged on the way. */
async function readCorrupt(list: Readable): Promise<Set<number>> {
  const corrupt = new Set<number>();
  for await (const line of linesOf(list)) {
    const flags = Number(/, F=(0x[0-9A-F]+)/.exec(line)?.[1] ?? 0);
    const packet = parseListedFrame(line);
    if (packet && (flags & corruptFlag) !== 0) corrupt.add(packet.pts);
  }
  return corrupt;
}
