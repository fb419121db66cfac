import { throwIfAborted } from '../../preload/contract/errors.ts';
import type { DecodeContext } from './decode-arguments.ts';
import type { FrameFormat } from './frame-format.ts';
import { inputOf } from './media-input.ts';
import { coloursOf, pixelAspectOf, type VideoProbe } from './probe.ts';
import { linesOf, readProcess, startProcess } from './process.ts';

/** What ffprobe tells of a stretch of the file, in the order in which it was read and decoded. */
export type DecodeLogEntry =
  | {
      readonly kind: 'packet';
      readonly pts: number | null;
      /** Where it begins in the file; null if ffprobe does not say. */
      readonly position: number | null;
      /** Whether the container says that it arrived damaged, for example after a gap in a transport stream. */
      readonly isCorrupt: boolean;
      /** Whether it is decoded only for the frames after it, and never shown. */
      readonly isDiscarded: boolean;
    }
  | {
      readonly kind: 'frame';
      readonly pts: number | null;
      /** Where its packet begins in the file; null if ffprobe does not say. */
      readonly position: number | null;
      /** Whether the decoder itself says that it can start here, because the frame depends on no other. */
      readonly isKey: boolean;
      readonly format: FrameFormat;
    }
  /** The decoder complained, or concealed something, since the frame before the last one. */
  | { readonly kind: 'complaint' };

export interface DecodeLogRequest {
  /** The media seconds between which to read; null for the whole file. */
  readonly interval: readonly [number, number] | null;
  /** Whether the file's first pictures are included, as they are if there is no interval. */
  readonly fromStart?: boolean | undefined;
  /** Whether to read only frames at which a decode can start, which is many times faster because the others are skipped. */
  readonly keysOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Level of ffmpeg's messages at which something is wrong with the picture; concealment is told at a milder one. */
const errorLevel = 16;
/**
 * What is no damage: broken notes beside the picture, such as an encoder's name or a camera's data, and that an H.261 stream
 * begins without a key frame, since that codec marks none.
 */
const besideThePicture = /\bSEI\b|APP fields|\bh261\b.*first frame is no keyframe/i;
const concealment = /conceal|corrupt/i;

/**
 * Whether a line of ffmpeg's standard error, with levels, tells of trouble with the picture. It is a reason to look closer,
 * and to be careful: what is wrong with which frame is then told by `readDecodeLog`.
 */
export function isComplaint(line: string): boolean {
  if (besideThePicture.test(line)) return false;
  if (/\[(error|fatal|panic)\] /.test(line)) return true;
  return concealment.test(line) && /\[warning\] |^\[[^\]]+ @ /.test(line);
}

/**
 * Reads packets, frames and the decoder's messages as ffprobe writes them to its standard output: one entry a line, with one
 * thread, so that a message stands behind the frame that came out while the damaged packet was decoded.
 */
export async function* readDecodeLog(
  context: DecodeContext,
  request: DecodeLogRequest,
): AsyncGenerator<DecodeLogEntry> {
  const { probe, tools, log } = context;
  const { interval, signal } = request;
  const isWatched = !request.keysOnly;
  let beginsDamaged =
    isWatched && (request.fromStart ?? interval === null) && (await complainsAtStart(context, signal));
  const child = startProcess(
    tools.ffprobe.path,
    [
      ...decodeLogArguments(probe),
      ...(isWatched ? ['-show_log', '32'] : ['-skip_frame', 'nokey']),
      ...(interval ? ['-read_intervals', interval.map((seconds) => seconds.toFixed(6)).join('%')] : []),
      ...inputOf(probe.input),
    ],
    { signal, background: true, log },
  );
  try {
    for await (const line of linesOf(child.stdout)) {
      const entry = parseEntry(line);
      if (entry) yield entry;
      if (isLoggedComplaint(line) || (beginsDamaged && entry?.kind === 'packet')) {
        beginsDamaged = false;
        yield { kind: 'complaint' };
      }
    }
  } finally {
    child.kill();
  }
  await child.ended;
  throwIfAborted(signal);
}

function decodeLogArguments(probe: VideoProbe): string[] {
  const entries =
    'packet=pts,pos,flags:frame=key_frame,best_effort_timestamp,pkt_pos,width,height,pix_fmt,pict_type,color_range,color_space,' +
    'sample_aspect_ratio:log=context,level,message';
  return [
    ...['-v', 'error', '-threads', '1', '-select_streams', String(probe.streamIndex)],
    ...['-show_packets', '-show_frames', '-show_entries', entries, '-of', 'compact'],
  ];
}

/** No decoder reads more than this before it hands out its first frame. */
const firstPackets = 4;

/**
 * Whether the decoder complains of the first pictures of the file. ffprobe tells with each frame what was said since the
 * packet before it, and so nothing of the packets that the decoder reads before the first frame: for those its standard
 * error says more than its log does.
 */
async function complainsAtStart(context: DecodeContext, signal?: AbortSignal): Promise<boolean> {
  const { probe, tools, log } = context;
  const run = await readProcess(
    tools.ffprobe.path,
    [
      ...[...decodeLogArguments(probe), '-show_log', '32', '-read_intervals', `%+#${firstPackets}`],
      ...inputOf(probe.input),
    ],
    { signal, background: true, log },
  );
  throwIfAborted(signal);
  const said = run.errors.split('\n').filter((line) => line !== '' && !besideThePicture.test(line)).length;
  const told = run.output.split('\n').filter((line) => loggedLevel(line) <= errorLevel).length;
  return said > told;
}

function parseEntry(line: string): DecodeLogEntry | null {
  const [kind, ...parts] = line.split('|');
  if (kind !== 'packet' && kind !== 'frame') return null;
  const values = new Map<string, string>();
  for (const part of parts) {
    const cut = part.indexOf('=');
    // What the file's own tags and side data say comes after our lines and never replaces them.
    if (cut > 0 && !values.has(part.slice(0, cut))) values.set(part.slice(0, cut), part.slice(cut + 1));
  }
  const ticks = (name: string) => {
    const value = values.get(name) ?? 'N/A';
    return /^-?\d+$/.test(value) ? Number(value) : null;
  };
  if (kind === 'packet') {
    const flags = values.get('flags') ?? '';
    return {
      kind,
      pts: ticks('pts'),
      position: ticks('pos'),
      isCorrupt: flags.includes('C'),
      isDiscarded: flags.includes('D'),
    };
  }
  const width = Number(values.get('width'));
  const height = Number(values.get('height'));
  const pixelFormat = values.get('pix_fmt') ?? '';
  const { colourMatrix, fullRange } = coloursOf(
    { color_space: values.get('color_space'), color_range: values.get('color_range') },
    { width, height, pixelFormat },
  );
  return {
    kind,
    pts: ticks('best_effort_timestamp'),
    position: ticks('pkt_pos'),
    isKey: values.get('key_frame') === '1' && !/^[PB]$/.test(values.get('pict_type') ?? ''),
    format: {
      width,
      height,
      pixelFormat,
      colourMatrix,
      fullRange,
      pixelAspect: pixelAspectOf(values.get('sample_aspect_ratio')),
    },
  };
}

const logPattern = /(?:^|\|)log\|context=[^|]*\|level=(\d+)\|message=(.*)$/;

/** The level of a message that the log tells; infinite where the line tells none, or one beside the picture. */
function loggedLevel(line: string): number {
  const match = logPattern.exec(line);
  return match && !besideThePicture.test(match[2] as string) ? Number(match[1]) : Infinity;
}

function isLoggedComplaint(line: string): boolean {
  const level = loggedLevel(line);
  return level <= errorLevel || (level < Infinity && concealment.test(logPattern.exec(line)?.[2] ?? ''));
}
