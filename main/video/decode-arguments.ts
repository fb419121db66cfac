import { WorkstationError } from '../../preload/contract/errors.ts';
import { ticksToSeconds, videoElementSeekSeconds } from '../../preload/contract/frames.ts';
import type { MediaTools } from './ffmpeg.ts';
import type { FrameTable } from './frame-table.ts';
import type { Log } from './log.ts';
import { inputOf } from './media-input.ts';
import type { VideoProbe } from './probe.ts';
import type { ProcessEnd } from './process.ts';

/** What every decode of one file needs. */
export interface DecodeContext {
  readonly path: string;
  readonly probe: VideoProbe;
  readonly tools: MediaTools;
  readonly log: Log;
}

/** Seconds before the key frame, tried in turn until the decode starts where it should. */
const earlierSeconds = [1, 6, 40];

/** Containers with a table of key frames that demuxers seek to exactly; the others are searched by time. */
export function hasSeekTable(probe: VideoProbe): boolean {
  return /\b(mov|mp4|matroska|webm)\b/.test(probe.container);
}

/**
 * Places from which to reach the key frame `key`, best first; the last is always the start of the file. Whether the decode
 * really began at or before the key frame is checked in what comes out, never taken on trust.
 *
 * With a table of key frames the best place is just inside the group of pictures: demuxers go to the key frame at or before
 * it. (At exactly its time, rounding can fall to the group before; and for formats seeking by decoding time ffmpeg itself
 * goes 3/23 s back.) Without one it lies a second before, since the search finds any packet, not a key frame.
 *
 * @returns media seconds, or null for the start of the file
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

/** ffmpeg's arguments up to and including the picture stream of the input. Times stay the file's own (`-copyts`). */
export function inputArguments(context: DecodeContext, seekSeconds: number | null): string[] {
  const seek =
    seekSeconds === null ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seekSeconds.toFixed(6)];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'info', '-noautorotate', '-copyts'],
    ...seek,
    ...inputOf(context.probe.input),
    ...['-map', `0:${context.probe.streamIndex}`, '-an', '-sn', '-dn'],
  ];
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
