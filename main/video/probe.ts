import { z } from 'zod';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import { isTooLarge, pictureTooLarge } from '../../preload/contract/picture-limit.ts';
import { mostStreams, type PictureStream } from '../../preload/contract/domain.ts';
import type { StereoEye } from '../../preload/contract/stereo.ts';
import { TimeBase } from '../../preload/contract/values.ts';
import {
  checkContainer,
  isCut,
  isFinished,
  refuseBrokenContainer,
  truncated,
  type ContainerCheck,
} from './container-check.ts';
import { orientationOf, turned, type Orientation } from './display.ts';
import type { MediaTools } from './ffmpeg.ts';
import { piecesFor } from './fragment-indexes.ts';
import { protectedTags } from './iso-media.ts';
import { silentLog, type Log } from '../platform/log.ts';
import { demuxerOf, inputOf, type MediaInput } from './media-input.ts';
import { readProcess } from './process.ts';
import { choosePicture, pictureStreams, type StreamWish } from './picture-streams.ts';
import type { TransportPart } from './transport-parts.ts';
import { isMotionJpeg, refuseByFirstBytes, refuseByName } from './refusals.ts';

/** How a picture's three planes stand for red, green and blue (ITU-T H.273, MatrixCoefficients); `rgb`: they are those. */
export type ColourMatrix = 'bt601' | 'bt709' | 'bt2020' | 'smpte240m' | 'fcc' | 'ycgco' | 'rgb';

/** What a file says of its colours, by ffmpeg's names; null where it says nothing. */
export interface ColourTags {
  readonly matrix: string | null;
  readonly primaries: string | null;
  readonly transfer: string | null;
}

/** A stream of sound, by its number among all streams of the file. */
export interface SoundStream {
  readonly index: number;
  readonly codec: string;
}

/** What a file says of itself, before any frame is decoded. */
export interface VideoProbe {
  /** The file as every media tool is given it. */
  readonly input: MediaInput;
  /** ffmpeg's name for the container, such as `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly container: string;
  readonly codec: string;
  readonly profile: string | null;
  /** Index of the picture stream among all streams of the file. */
  readonly streamIndex: number;
  /** All picture streams of the file, covers and thumbnails too. */
  readonly streams: readonly PictureStream[];
  /** PIDs of the streams of a transport stream, by their index; empty for other containers. */
  readonly pids: Readonly<Record<number, number>>;
  /** Size of a decoded frame in pixels, before it is made ready to be shown (`display.ts`). */
  readonly width: number;
  readonly height: number;
  /** Width of a pixel over its height, as [numerator, denominator]. */
  readonly pixelAspect: readonly [number, number];
  /** How the file asks players to turn and mirror the picture. */
  readonly orientation: Orientation;
  /** The eye of a stereo recording that is shown: a person's choice, which a file says nothing of. */
  readonly eye?: StereoEye | null;
  readonly pixelFormat: string;
  readonly colourMatrix: ColourMatrix;
  readonly colourTags: ColourTags;
  readonly fullRange: boolean;
  readonly timeBase: TimeBase;
  /** Nominal frame rate as [numerator, denominator]; for display only. */
  readonly nominalFrameRate: readonly [number, number] | null;
  /** Seconds that the container states; null when it states none. */
  readonly durationSeconds: number | null;
  /** Frames that the container states; the index alone is right. */
  readonly statedFrames: number | null;
  /** When the recording began by the file's own words, in milliseconds since the Unix epoch; null if it states no time. */
  readonly recordedAt: number | null;
  /** The stream of sound that is heard, its default one or else the first; null where it has none. */
  readonly sound: SoundStream | null;
  /** Whether the end is missing, by the sizes that the file states. */
  readonly isCut: boolean;
  /** Whether the file says itself that nothing can come after what is there. */
  readonly isFinished: boolean;
  /** Whether the tables of an MP4 or MOV list several kinds of sample, so that the picture may change on the way. */
  readonly hasSeveralKinds: boolean;
  readonly bytes: number;
}

const Ratio = z.string().regex(/^-?\d+[/:]\d+$/);
const ProbedStream = z.object({
  index: z.number(),
  id: z.string().optional(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  codec_tag_string: z.string().optional(),
  profile: z.coerce.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  pix_fmt: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  color_space: z.string().optional(),
  color_range: z.string().optional(),
  color_primaries: z.string().optional(),
  color_transfer: z.string().optional(),
  time_base: Ratio.optional(),
  avg_frame_rate: Ratio.optional(),
  r_frame_rate: Ratio.optional(),
  duration: z.string().optional(),
  nb_frames: z.string().optional(),
  disposition: z.record(z.string(), z.unknown()).optional(),
  tags: z.record(z.string(), z.unknown()).optional(),
  side_data_list: z
    .array(
      z.object({
        displaymatrix: z.string().optional(),
        side_data_type: z.string().optional(),
        // Of stereo, its layout; of other side data, whatever they mean by it.
        type: z.unknown().optional(),
      }),
    )
    .optional(),
});
type ProbedStream = z.infer<typeof ProbedStream>;
const Probed = z.object({
  streams: z.array(ProbedStream).default([]),
  format: z
    .object({
      format_name: z.string(),
      duration: z.string().optional(),
      tags: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});

/**
 * Reads what kind of video a file is. Throws `file-missing`, `file-unreadable`, `file-empty`, `video-not-a-video`,
 * `video-no-picture`, `video-truncated`, `video-protected`, `video-too-large`, `ffmpeg-failed`, `ffmpeg-outdated`, `cancelled`, and
 * `invalid-input` for a stream that is not there.
 */
export async function probeVideo(
  path: string,
  tools: MediaTools,
  options: {
    stream?: StreamWish | undefined;
    /** Bytes of the file that count, of one that grows. */
    length?: number | undefined;
    /** A part of a transport stream, of which the picture with this PID is meant. */
    part?: TransportPart | undefined;
    signal?: AbortSignal | undefined;
    log?: Log | undefined;
  } = {},
): Promise<VideoProbe> {
  const found = await checkContainer(path, options.length);
  refuseByName(path);
  if (found.actualBytes === 0) {
    throw new WorkstationError(
      'file-empty',
      'The file is empty (0 bytes).',
      'The recording or the copy has failed. Copy it again from the recorder.',
    );
  }
  refuseByFirstBytes(found.first, path);
  refuseBrokenContainer(found);
  const check = { ...found, pieces: options.part ? [options.part] : piecesFor(tools, path, found) };
  const { pieces, frameRate } = check;
  const input = { path, demuxer: isMotionJpeg(path) ? 'mjpeg' : check.first.demuxer, pieces, frameRate };
  const run = await readProcess(
    tools.ffprobe.path,
    ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', ...inputOf(input)],
    { signal: options.signal, log: options.log ?? silentLog },
  );
  throwIfAborted(options.signal);
  if (run.killedBy) {
    throw new WorkstationError(
      'ffmpeg-failed',
      'The video tool was stopped while it read the file.',
      'Open the file again.',
    );
  }
  if (run.exitCode !== 0) throw describeProbeFailure(run.errors, check);
  const parsed = Probed.safeParse(parseJson(run.output));
  if (!parsed.success || !parsed.data.format) throw describeProbeFailure(run.errors, check);
  const { streams, format } = parsed.data;
  return describeStreams({
    path,
    streams,
    format,
    errors: run.errors,
    check,
    wish: options.stream ?? 'default',
    pid: options.part?.pid ?? null,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer cut off is no answer; the caller's schema refuses it.
    return null;
  }
}

/** What a file has instead of a recording's picture: sound, or a picture that only stands for it. */
function noVideo(hasSound: boolean, hasCover: boolean): WorkstationError {
  const held = hasCover
    ? `This file holds no video, only a cover picture${hasSound ? ' and sound' : ''}.`
    : 'This file holds sound but no picture.';
  return new WorkstationError(
    'video-no-picture',
    held,
    hasSound
      ? 'Choose the recording with the picture; some recorders store sound in a file of its own.'
      : 'Choose the recording itself; what is here is a still picture that belongs to one.',
  );
}

function describeStreams({
  path,
  streams,
  format,
  errors,
  check,
  wish,
  pid,
}: {
  path: string;
  streams: readonly ProbedStream[];
  format: NonNullable<z.infer<typeof Probed>['format']>;
  errors: string;
  check: ContainerCheck;
  wish: StreamWish;
  pid: number | null;
}): VideoProbe {
  const pictures = pictureStreams(streams);
  const chosen = pid === null ? choosePicture(pictures, wish) : null;
  const stream = streams.find(({ index, id }) =>
    pid === null ? index === chosen?.index : Number(id) === pid,
  );
  if (!stream) {
    const hasSound = streams.some((other) => other.codec_type === 'audio');
    if (hasSound || pictures.length > 0) throw noVideo(hasSound, pictures.length > 0);
    throw notAVideo();
  }
  if (
    check.isoMedia?.isEncrypted ||
    protectedTags.has(stream.codec_tag_string ?? '') ||
    /encrypt|cenc/i.test(errors)
  ) {
    throw new WorkstationError(
      'video-protected',
      'The picture in this file is encrypted (copy protection or a password).',
      'Export it without protection from the program that recorded it.',
    );
  }
  const { width, height, codec_name: codec, pix_fmt: pixelFormat } = stream;
  const size = width && height ? { width, height } : null;
  if ((size && isTooLarge(size)) || (!size && /Picture size \d+x\d+ exceeds/.test(errors))) {
    throw pictureTooLarge('The picture of this video', size);
  }
  const timeBase = TimeBase.safeParse(ratio(stream.time_base));
  if (!codec || codec === 'unknown' || !width || !height || !pixelFormat || !timeBase.success) {
    if (check.actualBytes < 65_536) throw truncated('it ends before its first picture');
    throw new WorkstationError(
      'video-not-a-video',
      codec && codec !== 'unknown'
        ? `The picture (${codec}) has no size or pixel format that could be read.`
        : 'The picture is in a format that ffmpeg does not know.',
      'Convert it to MP4 (H.264) with the program that recorded it, or copy it again if the copy was interrupted.',
    );
  }
  const rate = ratio(stream.avg_frame_rate) ?? ratio(stream.r_frame_rate);
  const stated = Number(stream.duration ?? format.duration);
  const frames = Number(stream.nb_frames);
  return {
    input: { path, demuxer: demuxerOf(format.format_name), pieces: check.pieces, frameRate: check.frameRate },
    isCut: isCut(check),
    isFinished: isFinished(check),
    hasSeveralKinds: check.isoMedia?.hasSeveralKinds ?? false,
    container: format.format_name,
    codec,
    profile: stream.profile ?? null,
    streamIndex: stream.index,
    streams: pictures.slice(0, mostStreams),
    pids: format.format_name === 'mpegts' ? pidsOf(streams) : {},
    width,
    height,
    pixelAspect: pixelAspectOf(stream.sample_aspect_ratio),
    orientation: statedOrientation(stream),
    pixelFormat,
    ...coloursOf(stream, { width, height, pixelFormat }),
    timeBase: timeBase.data,
    nominalFrameRate: rate && rate[0] > 0 && rate[1] > 0 ? rate : null,
    durationSeconds: Number.isFinite(stated) && stated > 0 ? stated : null,
    statedFrames: Number.isInteger(frames) && frames > 0 ? frames : null,
    recordedAt: recordedAt(format.tags) ?? recordedAt(stream.tags),
    sound: soundOf(streams),
    bytes: check.fileBytes,
  };
}

/** ffmpeg names no codec that it can't decode. */
function soundOf(streams: readonly ProbedStream[]): SoundStream | null {
  const sounds = streams.filter(({ codec_type: type, codec_name: codec }) => type === 'audio' && codec);
  const chosen = sounds.find(({ disposition }) => Boolean(disposition?.['default'])) ?? sounds[0];
  return chosen?.codec_name ? { index: chosen.index, codec: chosen.codec_name } : null;
}

/** ffprobe writes them in base 16, such as `0x100`. */
function pidsOf(streams: readonly ProbedStream[]): Record<number, number> {
  return Object.fromEntries(streams.flatMap(({ index, id }) => (id ? [[index, Number(id)]] : [])));
}

function notAVideo(): WorkstationError {
  return new WorkstationError(
    'video-not-a-video',
    'This file is not a video, or not in a format that the workstation opens.',
    'Choose a video file, such as MP4, MOV, MKV, AVI, MPG or TS.',
  );
}

function describeProbeFailure(errors: string, check: ContainerCheck): WorkstationError {
  if (/encrypt|decryption|protected/i.test(errors)) {
    return new WorkstationError(
      'video-protected',
      'The file is encrypted.',
      'Export it without protection from the program that recorded it.',
    );
  }
  if (['iso-media', 'matroska', 'avi'].includes(check.first.kind))
    return truncated('it starts as a video but cannot be read further');
  return notAVideo();
}

function ratio(text: string | undefined): readonly [number, number] | null {
  const match = /^(-?\d+)[/:](\d+)$/.exec(text ?? '');
  return match && match[2] !== '0' ? [Number(match[1]), Number(match[2])] : null;
}

/** Of a stream, or of one of its frames; square where nothing is said. */
export function pixelAspectOf(stated: string | undefined): readonly [number, number] {
  const aspect = ratio(stated);
  return aspect && aspect[0] > 0 && aspect[1] > 0 ? aspect : [1, 1];
}

/** Clocks that were never set begin in 1904 or 1970, and some recorders' in 1980. */
const firstPossibleTime = Date.UTC(1990, 0, 1);

/** What a file or stream states in its tag `creation_time`, which ffprobe gives in UTC for every container. */
export function recordedAt(tags: Readonly<Record<string, unknown>> | undefined): number | null {
  const stated = tags?.['creation_time'];
  const time = typeof stated === 'string' ? Date.parse(stated) : NaN;
  return Number.isInteger(time) && time >= firstPossibleTime ? time : null;
}

/** The display matrix, or what an old `rotate` tag says in degrees clockwise. */
function statedOrientation(stream: ProbedStream): Orientation {
  const matrix = stream.side_data_list?.find((side) => side.displaymatrix !== undefined)?.displaymatrix;
  return matrix === undefined ? turned(Number(stream.tags?.['rotate'] ?? 0)) : orientationOf(matrix);
}

const redGreenBlue = /^(gbr|[arbg0x2]*rgb|[arbg0x2]*bgr|pal8|bayer)/;

/** Of a stream, or of one of its frames. */
export function coloursOf(
  stream: Pick<ProbedStream, 'color_space' | 'color_range' | 'color_primaries' | 'color_transfer'>,
  { width, height, pixelFormat }: Pick<VideoProbe, 'width' | 'height' | 'pixelFormat'>,
): Pick<VideoProbe, 'colourMatrix' | 'colourTags' | 'fullRange'> {
  const said = (tag: string | undefined) =>
    tag && !/^(unknown|unspecified|reserved)$/.test(tag) ? tag : null;
  const matrix = redGreenBlue.test(pixelFormat) ? 'gbr' : said(stream.color_space);
  return {
    colourMatrix: colourMatrixOf(matrix, width, height),
    colourTags: { matrix, primaries: said(stream.color_primaries), transfer: said(stream.color_transfer) },
    fullRange: matrix === 'gbr' || stream.color_range === 'pc' || pixelFormat.startsWith('yuvj'),
  };
}

const matrices: Readonly<Record<string, ColourMatrix>> = {
  bt709: 'bt709',
  bt2020nc: 'bt2020',
  bt2020c: 'bt2020',
  smpte170m: 'bt601',
  bt470bg: 'bt601',
  smpte240m: 'smpte240m',
  fcc: 'fcc',
  ycgco: 'ycgco',
  gbr: 'rgb',
};

/** Where a file does not say, standard definition is BT.601 and anything larger BT.709, as players assume. */
export function colourMatrixOf(matrix: string | null, width: number, height: number): ColourMatrix {
  return matrices[matrix ?? ''] ?? (width >= 1280 || height > 576 ? 'bt709' : 'bt601');
}
