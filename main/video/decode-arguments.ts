import { WorkstationError } from '../../preload/contract/errors.ts';
import { ticksToSeconds, videoElementSeekSeconds } from '../../preload/contract/frames.ts';
import { planarFormat, planesAsRgb, swscaleMatrix } from './colour.ts';
import type { MediaTools } from './ffmpeg.ts';
import { keyFrameBefore, type FrameTable } from './frame-table.ts';
import type { Log } from '../platform/log.ts';
import { inputOf } from './media-input.ts';
import type { VideoProbe } from './probe.ts';
import type { ProcessEnd } from './process.ts';

/** What every decode of a file needs to know. */
export interface DecodeContext {
  readonly path: string;
  readonly probe: VideoProbe;
  readonly tools: MediaTools;
  readonly log: Log;
}

/** How many seconds before the key frame to begin; they are tried in turn until the decode starts where it should. */
const earlierSeconds = [1, 6, 40];
/**
 * How many earlier key frames are tried if a key frame turns out not to be one. Each is twice as far back as the one
 * before.
 */
const mostEarlierKeys = 5;

/** Whether a container has a table of key frames, by which demuxers seek exactly. In all others they search by time. */
export function hasSeekTable(probe: VideoProbe): boolean {
  return /\b(mov|mp4|matroska|webm)\b/.test(probe.container);
}

/** Where a decode may begin: the key frame that must be handed out first, and the media seconds to which ffmpeg is sent. */
export interface DecodeStart {
  readonly key: number;
  /** Null for the start of the file, where nothing has to be proven. */
  readonly seekSeconds: number | null;
}

/**
 * Places from which to reach frame `index`, best first; the last is always the start of the file. Whether the decode really
 * began at the key frame, and whether that is one, is checked in what comes out, never taken on trust: a container may flag
 * pictures as key frames that are none.
 */
export function decodeStarts(table: FrameTable, index: number, probe: VideoProbe): DecodeStart[] {
  const fromStart = { key: 0, seekSeconds: null };
  const nearest = keyFrameBefore(table, index);
  if (!table.seekable || nearest === 0) return [fromStart];
  const starts: DecodeStart[] = seekPlaces(table, nearest, probe).flatMap((seekSeconds) =>
    seekSeconds === null ? [] : [{ key: nearest, seekSeconds }],
  );
  let key = nearest;
  for (let earlier = 0, step = 1; earlier < mostEarlierKeys; earlier++, step *= 2) {
    key = keyFrameBefore(table, Math.max(0, key - step));
    if (key === 0) break;
    const seekSeconds = seekPlaces(table, key, probe)[0] ?? null;
    if (seekSeconds !== null) starts.push({ key, seekSeconds });
  }
  return [...starts, fromStart];
}

/**
 * Media seconds from which to reach the key frame `key`, best first, then null for the start of the file.
 *
 * With a table of key frames the best place is just inside the group of pictures: demuxers go to the key frame at or before
 * it. (At exactly its time, rounding can fall to the group before; and for formats seeking by decoding time ffmpeg itself
 * goes 3/23 s back.) Without one it lies a second before, since the search finds any packet, not a key frame.
 */
export function seekPlaces(table: FrameTable, key: number, probe: VideoProbe): (number | null)[] {
  if (!table.seekable || key === 0) return [null];
  const start = ticksToSeconds(table.ticks[key] as number, table.timeBase);
  const first = ticksToSeconds(table.ticks[0] as number, table.timeBase);
  const places: (number | null)[] = [];
  if (hasSeekTable(probe)) {
    let end = key + 1;
    while (end < table.ticks.length && table.keys[end] === 0) end++;
    const inside = Math.floor((key + end) / 2);
    places.push(Math.min(start + 0.2, videoElementSeekSeconds(table, inside)));
  }
  for (const earlier of earlierSeconds) if (start - earlier > first) places.push(start - earlier);
  return [...places, null];
}

/**
 * ffmpeg's arguments up to and including the picture stream of the input. Times stay the file's own (`-copyts`). Messages
 * carry their level, since a decoder's complaint is a reason to look closer.
 */
export function inputArguments(
  context: DecodeContext,
  seekSeconds: number | null,
  decoder: readonly string[] = [],
): string[] {
  const seek =
    seekSeconds === null ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seekSeconds.toFixed(6)];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', '-noautorotate', '-copyts'],
    ...[...decoder, ...seek, ...inputOf(context.probe.input), '-an', '-sn', '-dn'],
  ];
}

/**
 * Codecs of which ffmpeg's decoder takes most damage for a picture without a word, and makes another picture of it whenever
 * several threads come to their frames in another order. With one thread, from the group's own key frame, it is always the same.
 */
const silentAboutDamage = new Set(['hevc']);

/**
 * Whether frames of a codec are decoded by one thread only, because damage that nobody reports would otherwise make them
 * differ.
 */
export const needsOneThread = ({ codec }: Pick<VideoProbe, 'codec'>): boolean => silentAboutDamage.has(codec);

/**
 * Decoder options for the frames whose bytes and descriptions are read. The filters are made once and pass frames of every
 * size on as they are; made anew at each change, as ffmpeg does by default, they would start counting again.
 *
 * @param careful whether the one way is wanted that gives the same pictures of damaged parts, too
 */
export function frameDecoder(probe: VideoProbe, careful: boolean): string[] {
  return ['-reinit_filter', '0', ...(careful || needsOneThread(probe) ? ['-threads', '1'] : [])];
}

/**
 * The start of a filter graph: the picture stream in ticks of the table's time base.
 */
export function sourceFilter(context: DecodeContext): string {
  const { streamIndex, timeBase } = context.probe;
  return `[0:${streamIndex}]settb=${timeBase[0]}/${timeBase[1]}`;
}

/** True only for a frame that the decoder itself says it can start at, and that depends on no other. */
export const isKeyExpression = 'key*not(eq(pict_type,P)+eq(pict_type,B))';

/**
 * Makes descriptions cheap: who wants a frame's time and flags needs no more of the picture. Without `exact` nothing is left of
 * one whose colours stand for four pixels (NTSC DV), since the size is rounded down to whole ones.
 */
export const corner = 'crop=2:2:0:0:exact=1';

/**
 * The filter that turns frames into the bytes we read, followed by a comma: none where planes leave as they are, else the
 * conversion to RGB, with everything said that ffmpeg would otherwise guess.
 */
export function conversionFilter(probe: VideoProbe): string {
  if (planarFormat(probe.pixelFormat)) return planesAsRgb(probe);
  const matrix = swscaleMatrix(probe.colourMatrix);
  const from = matrix ? `:in_range=${probe.fullRange ? 'full' : 'limited'}:in_color_matrix=${matrix}` : '';
  return (
    'scale=w=iw:h=ih:eval=frame:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp' +
    `${from}${matrix ? ':out_range=full' : ''},format=rgb24,`
  );
}

/** The error for a tool that ended badly. The hint names the remedy; the details go to the log. */
export function describeToolEnd(end: ProcessEnd, log: Log): WorkstationError {
  log.warn('A media tool failed', { exitCode: end.exitCode, killedBy: end.killedBy, stalled: end.stalled });
  log.debug('Last words of the media tool', { lines: end.errorTail });
  if (end.stalled) {
    return new WorkstationError(
      'ffmpeg-failed',
      'The video tool stopped answering.',
      'Check that the disk or network folder with the video is connected, then try again.',
    );
  }
  if (end.killedBy) {
    return new WorkstationError(
      'ffmpeg-failed',
      'The video tool was ended by something outside (often the system, for want of memory).',
      'Close other programs, then try again.',
    );
  }
  return new WorkstationError(
    'ffmpeg-failed',
    'The video tool could not decode this part of the file.',
    'Copy the file again; if it still fails, convert it to MP4 (H.264) and open that.',
  );
}
