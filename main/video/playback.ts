import { pipeline, type Readable } from 'node:stream';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import { checkFrameIndex, secondsOfFrame } from '../../preload/contract/frames.ts';
import { reviewClock } from '../../preload/contract/review-clock.ts';
import type { Sound } from '../../preload/contract/sound.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';
import { browserShowsColours } from './browser-colour.ts';
import { planesAsRgb, swscaleMatrix } from './colour.ts';
import {
  corner,
  describeToolEnd,
  inputArguments,
  seekPlaces,
  sourceFilter,
  type DecodeContext,
} from './decode-arguments.ts';
import { displayedSize, isCrossed, isUpright, orientationFilters } from './display.ts';
import type { MediaTools } from './ffmpeg.ts';
import { formatAt, sameShape, statedFormat, type FrameFormat } from './frame-format.ts';
import { keyFrameBefore, type FrameTable } from './frame-table.ts';
import { reviewTimes } from './playback-clock.ts';
import { bytesIn } from './pieces.ts';
import { Places } from './places.ts';
import type { SoundStream, VideoProbe } from './probe.ts';
import { startProcess } from './process.ts';
import { FrameList, listOutput } from './frame-list.ts';
import { partAt, type FramePart } from './table-parts.ts';
import { planSound, soundEncoding, soundFilter, soundStretch } from './sound.ts';
import { uprightStream } from './upright-stream.ts';

/** How a video element gets its picture. */
export type PlaybackPlan =
  | {
      /** The browser reads the file itself; its media time is the stream's presentation time. */
      readonly kind: 'native';
      readonly contentType: string;
    }
  | {
      /** ffmpeg makes a stream from a frame on; time 0 of the stream is that frame. */
      readonly kind: 'transcoded';
      readonly contentType: string;
      /** Why, in words for the person. */
      readonly reason: string;
    };

const eightBit420 = /^(yuv|yuvj)420p$/;

/**
 * Whether Chromium plays a file by itself: H.264, VP9 or AV1 in MP4 and MOV, VP8, VP9 or AV1 in WebM, with 8 bits and
 * 4:2:0. Everything else (HEVC, MPEG-2, MJPEG, ProRes, 10 bits, TS, PS, AVI) it would show as black or refuse. Nor does it
 * play a file whose own times are not those of the review clock: it would stop at another frame than it shows; and of
 * several picture streams it would play one of its own choice. Throws
 * `unavailable` when it has to be transcoded and the ffmpeg found has no encoder that browsers read.
 *
 * @param table null while the frames are not counted
 */
export function planPlayback(
  probe: VideoProbe,
  tools: MediaTools,
  table: FrameTable | null = null,
): PlaybackPlan {
  if (table && !reviewClock(table).isOwn) {
    return {
      kind: 'transcoded',
      contentType: playbackEncoder(tools).contentType,
      reason:
        'The times in this file begin anew or leap, so it is converted to go on evenly while it plays. Frames and answers come from the original.',
    };
  }
  if (table?.formats.some(({ format }) => !looksAlike(format, statedFormat(probe)))) {
    return {
      kind: 'transcoded',
      contentType: playbackEncoder(tools).contentType,
      reason:
        'The picture in this file changes its size, shape or colours on the way, so it is converted while it plays. Frames and answers come from the original.',
    };
  }
  if (probe.eye) {
    return {
      kind: 'transcoded',
      contentType: playbackEncoder(tools).contentType,
      reason:
        'One eye of this stereo recording is shown, so its picture is cut out while it plays. Frames and answers come from the original.',
    };
  }
  if (probe.streams.length > 1) {
    return {
      kind: 'transcoded',
      contentType: playbackEncoder(tools).contentType,
      reason:
        'This file has several picture streams, and the window would choose among them by itself, so the chosen one is converted while it plays. Frames and answers come from the original.',
    };
  }
  const { pieces } = probe.input;
  if ((pieces && bytesIn(pieces) < probe.bytes) || probe.isCut) {
    return {
      kind: 'transcoded',
      contentType: playbackEncoder(tools).contentType,
      reason:
        'The window can only play whole files, so this one is converted while it plays. Frames and answers come from the original.',
    };
  }
  const isMp4 = /\b(mov|mp4)\b/.test(probe.container);
  const isWebm = /\bwebm\b/.test(probe.container);
  const simple =
    eightBit420.test(probe.pixelFormat) && isUpright(probe.orientation) && browserShowsColours(probe);
  if (simple && isMp4 && ['h264', 'vp9', 'av1'].includes(probe.codec)) {
    return { kind: 'native', contentType: 'video/mp4' };
  }
  if (simple && isWebm && ['vp8', 'vp9', 'av1'].includes(probe.codec)) {
    return { kind: 'native', contentType: 'video/webm' };
  }
  return {
    kind: 'transcoded',
    contentType: playbackEncoder(tools).contentType,
    reason: `The window cannot play ${probe.codec} (${probe.pixelFormat}) from this kind of file, so it is converted while it plays. Frames and answers come from the original.`,
  };
}

interface PlaybackEncoder {
  readonly container: 'mp4' | 'webm';
  readonly contentType: string;
  readonly arguments: readonly string[];
}

const fragmentedMp4 = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4'];

function playbackEncoder(tools: MediaTools): PlaybackEncoder {
  const { encoders } = tools;
  const timescale = ['-video_track_timescale', '90000'];
  if (encoders.has('libx264')) {
    const quality = [
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-crf',
      '23',
      '-profile:v',
      'baseline',
      '-g',
      '30',
    ];
    return {
      container: 'mp4',
      contentType: 'video/mp4; codecs="avc1.42C028"',
      arguments: ['-c:v', 'libx264', ...quality, ...timescale, ...fragmentedMp4],
    };
  }
  if (encoders.has('libopenh264')) {
    return {
      container: 'mp4',
      contentType: 'video/mp4; codecs="avc1.42C028"',
      arguments: ['-c:v', 'libopenh264', '-b:v', '4M', '-g', '30', ...timescale, ...fragmentedMp4],
    };
  }
  if (encoders.has('libvpx')) {
    const quality = ['-deadline', 'realtime', '-cpu-used', '8', '-b:v', '4M', '-g', '30'];
    return {
      container: 'webm',
      contentType: 'video/webm; codecs="vp8"',
      arguments: ['-c:v', 'libvpx', ...quality, '-f', 'webm'],
    };
  }
  throw new WorkstationError(
    'unavailable',
    'This video has to be converted to play, and the ffmpeg found has no encoder for that.',
    'Step through its frames instead, or set FFMPEG_BIN to an ffmpeg with libx264, libopenh264 or libvpx.',
  );
}

export interface TranscodedStream {
  readonly contentType: string;
  /** The frame shown at time 0 of the stream, and its seconds from the first frame of the file. */
  readonly startIndex: FrameIndex;
  readonly startSeconds: number;
  /** Destroying it, as a closed request does, ends ffmpeg. */
  readonly stream: Readable;
}

export interface StreamWishes {
  readonly withSound?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Widest picture of a converted stream: playing shows motion, stills come from the original. */
const widest = 1280;

/** A window plays one video; a few tabs may play one each. Each conversion keeps a core busy while its start is looked for. */
const conversions = new Places(4, 10_000);

/** Whether the sound of a video can be heard, and how. A video that can't be played has none that can. */
export function soundOf(probe: VideoProbe, tools: MediaTools, table: FrameTable | null): Sound {
  const isNative = planPlayback(probe, tools, table).kind === 'native';
  return planSound(probe, tools, table, { isNative, container: playbackEncoder(tools).container });
}

/**
 * Converts the video from frame `startIndex` on into a stream for a video element: same frame times, with its sound where that
 * is asked for and can be decoded. That it starts at that very frame is checked before the first byte is handed out. It runs no
 * faster than it is read. Where the picture changes its size or colours it ends: the next stream has the new ones.
 *
 * At most four run at the same time: another waits for a place, and is refused after ten seconds.
 *
 * Throws `frame-out-of-range`, `unavailable`, `busy`, `ffmpeg-failed`, `ffmpeg-missing`, `cancelled`.
 */
export async function openTranscodedStream(
  context: DecodeContext,
  table: FrameTable,
  startIndex: number,
  { signal, withSound = false }: StreamWishes = {},
): Promise<TranscodedStream> {
  const index = checkFrameIndex(startIndex, table.ticks.length);
  const encoder = playbackEncoder(context.tools);
  const leave = await conversions.take(
    {
      message: 'Four videos are being converted for playing already.',
      hint: 'Close other windows or tabs of the workstation that play a video, then play again.',
    },
    signal,
  );
  try {
    const part = partAt(context, table, index);
    const key = keyFrameBefore(part.table, index - part.first);
    const places = seekPlaces(part.table, key, part.context.probe);
    const { sound } = part.context.probe;
    const heard = withSound && sound !== null && soundOf(context.probe, context.tools, table) !== 'left-out';
    // Sound that can't be decoded would end the stream before it began: the picture is then tried alone.
    const tries = [
      ...(heard ? places.map((place) => ({ place, sound })) : []),
      ...places.map((place) => ({ place, sound: null })),
    ];
    for (const { place, sound } of tries) {
      const stream = await transcodeFrom({ part, table, index, place, encoder, sound, signal });
      if (!stream) continue;
      const { contentType } = encoder;
      if (stream.destroyed) leave();
      else stream.once('close', leave);
      return { contentType, startIndex: index, startSeconds: secondsOfFrame(table, index), stream };
    }
  } catch (error) {
    leave();
    throw error;
  }
  leave();
  throw new WorkstationError(
    'ffmpeg-failed',
    `The video cannot be played from frame ${index}; the file is damaged there.`,
    'Start from another frame.',
  );
}

/** Whether frames of both can lie in one stream and on one place of the stage. */
function looksAlike(a: FrameFormat, b: FrameFormat): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.colourMatrix === b.colourMatrix &&
    a.fullRange === b.fullRange &&
    sameShape(a.pixelAspect, b.pixelAspect)
  );
}

/**
 * The first frame after `index` that does not look like it, or lies in another part of the file: a stream ends before it,
 * and the window asks for the next.
 */
function nextChange(table: FrameTable, index: number): number {
  const here = formatAt(table, index);
  const other = table.formats.find(({ first, format }) => first > index && !looksAlike(format, here));
  const part = table.parts.find(({ first }) => first > index);
  const end = table.ticks.length;
  return Math.min(other?.first ?? end, part?.first ?? end);
}

/**
 * Filters that make of any decoded picture what stills show, in the size of the stream: the same pixels' shape, turn, mirror
 * and colours, as BT.601 in limited range. First the size, so that what follows sees one size alone.
 */
function displayFilters(probe: VideoProbe): string {
  const size = displayedSize(probe, probe);
  const shrunk = Math.min(1, widest / size.width);
  const even = (length: number) => Math.max(2, Math.round((length * shrunk) / 2) * 2);
  const [width, height] = isCrossed(probe.orientation)
    ? [even(size.height), even(size.width)]
    : [even(size.width), even(size.height)];
  const matrix = swscaleMatrix(probe.colourMatrix);
  const from = matrix ? `:in_color_matrix=${matrix}:in_range=${probe.fullRange ? 'full' : 'limited'}` : '';
  return (
    `${planesAsRgb(probe)}${eyeFilter(probe)}scale=${width}:${height}${from}:out_color_matrix=bt601:out_range=limited,` +
    `format=yuv420p,${orientationFilters(probe.orientation)}setsar=1`
  );
}

/** Cuts an eye's picture out, to the nearest whole chroma: playing shows motion. It follows a picture that changes its size. */
function eyeFilter({ eye }: VideoProbe): string {
  if (!eye) return '';
  const right = eye.eye === 'right';
  return eye.layout === 'side-by-side'
    ? `crop=iw/2:ih:${right ? 'iw-ow' : '0'}:0,`
    : `crop=iw:ih/2:0:${right ? 'ih-oh' : '0'},`;
}

/** What the stream says of its colours: all three, since a browser guesses them unless all are said. */
const colourTags = [
  ...['-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m'],
  ...['-color_range', 'tv'],
];

/**
 * @param table of the whole file, by whose clock the stream runs
 * @returns null when the first frame out is not the one asked for
 */
async function transcodeFrom({
  part: { context, table: own, first },
  table,
  index,
  place,
  encoder,
  sound,
  signal,
}: {
  part: FramePart;
  table: FrameTable;
  index: number;
  place: number | null;
  encoder: PlaybackEncoder;
  sound: SoundStream | null;
  signal: AbortSignal | undefined;
}): Promise<Readable | null> {
  const { tools, probe } = context;
  const change = nextChange(table, index);
  const upTo = change < table.ticks.length ? `trim=end_frame=${change - index},` : '';
  const stretch = sound && soundStretch(sound, table, index, change);
  const select =
    own.seekable && place !== null ? `gte(pts,${table.ticks[index]})` : `gte(n,${index - first})`;
  // The first frame is listed when the second one comes: ffmpeg 5.1 keeps each line back for so long.
  const graph =
    `${sourceFilter(context)},select='${select}',${upTo}split=2[played][first];[first]${corner},select='lt(n,2)'[times];` +
    `[played]${displayFilters({ ...probe, ...formatAt(table, index) })},${reviewTimes(table, index)}[pictures]` +
    (stretch ? `;${soundFilter(stretch, 'sound')}` : '');
  const child = startProcess(
    tools.ffmpeg.path,
    [
      // Filters are built once: built anew where a picture changes, they would count frames and times from there.
      ...['-reinit_filter:v', '0', ...inputArguments(context, place), '-filter_complex', graph],
      ...listOutput(tools, probe.timeBase, 'times', 3),
      ...['-map', '[pictures]', ...tools.everyFrame, '-enc_time_base', reviewClock(table).timeBase.join(':')],
      ...colourTags,
      ...(stretch ? ['-map', '[sound]', ...soundEncoding(encoder.container)] : []),
      ...[...encoder.arguments, 'pipe:1'],
    ],
    { signal, log: context.log, channels: 1 },
  );
  const pts = (await new FrameList(child.channels[0] as Readable).next())?.pts;
  if (pts === undefined) {
    const end = await child.ended;
    throwIfAborted(signal);
    if (end.killedBy) throw describeToolEnd(end, context.log);
    return null;
  }
  if (own.seekable && pts !== table.ticks[index]) {
    child.kill();
    return null;
  }
  child.stdout.once('close', child.kill);
  if (isUpright(probe.orientation) || !encoder.contentType.startsWith('video/mp4')) return child.stdout;
  return pipeline(child.stdout, uprightStream(), () => child.kill());
}
