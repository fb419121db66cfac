import { formatTimecode, type PictureStream, type Video } from '../../preload/contract/index.ts';
import type { Log } from '../platform/log.ts';
import {
  decoderName,
  decoderWarning,
  displayedSize,
  findMediaTools,
  fingerprintCoverage,
  openVideo,
  orientationInWords,
  type DecodedFrame,
} from '../video/index.ts';

/** Reports on files that need not belong to a case: their facts, and single frames. */

/** The decoder of this machine, with a known problem of its version; null if there is no decoder. */
export async function describeDecoder(): Promise<{ name: string; warning: string | null } | null> {
  const tools = await findMediaTools().catch(() => null);
  return tools && { name: decoderName(tools), warning: decoderWarning(tools)?.message ?? null };
}

/** Which picture stream of a file is looked at; the file's default where none is named. */
export interface LookOptions {
  stream?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The facts of a file, with every frame counted. */
export interface VideoReport {
  /** Identifies the content, and is the one that answers store. */
  fingerprint: string;
  /** How many bytes of the file the fingerprint covers: all of a small one, samples of a large one. */
  fingerprintBytes: number;
  bytes: number;
  /** What of the recording is missing; null where it is whole. */
  incomplete: Video['incomplete'];
  /** All picture streams of the file, covers too. */
  streams: readonly PictureStream[];
  /** The stream that this report is about. */
  streamIndex: number;
  frames: number;
  /** Size of the picture as displayed, which is the one that models see and boxes lie in. */
  width: number;
  height: number;
  /** The picture as the file holds it, and what is done to show it. */
  coded: { width: number; height: number; pixelAspect: readonly [number, number]; orientation: string };
  codec: string;
  container: string;
  timeBase: readonly [number, number];
  variableFrameRate: boolean;
  durationSeconds: number;
  joins: VideoJoin[];
  /** What decodes it, such as `ffmpeg 5.1.9-0+deb12u1`. */
  decoder: string;
  /** A known problem of this version of the decoder. */
  decoderWarning: string | null;
}

/** Where the file's own clock begins anew or leaps: its times on both sides, in ticks. */
export interface VideoJoin {
  index: number;
  timecode: string;
  ptsBefore: number;
  pts: number;
}

/** Opens a file, counts its frames and says what it is. Throws what `openVideo` throws. */
export async function inspectVideo(path: string, look: LookOptions & { log: Log }): Promise<VideoReport> {
  const source = await openVideo(path, look);
  try {
    const summary = await source.buildIndex({ signal: look.signal });
    const { width, height, pixelAspect, orientation, codec, container, timeBase } = source.probe;
    const { streamIndex, bytes } = source.probe;
    return {
      fingerprint: source.fingerprint,
      fingerprintBytes: fingerprintCoverage(bytes),
      incomplete: source.incomplete,
      bytes,
      streams: source.streams,
      streamIndex,
      frames: summary.frames,
      ...displayedSize(source.probe, source.probe),
      coded: { width, height, pixelAspect, orientation: orientationInWords(orientation) },
      codec,
      container,
      timeBase,
      variableFrameRate: summary.variableFrameRate,
      durationSeconds: summary.durationSeconds,
      joins: summary.joins.map(({ index, seconds }) => ({
        index,
        timecode: formatTimecode(seconds),
        ptsBefore: source.locate({ index: index - 1 }).pts,
        pts: source.locate({ index }).pts,
      })),
      decoder: source.decoder,
      decoderWarning: decoderWarning(source.context.tools)?.message ?? null,
    };
  } finally {
    source.dispose();
  }
}

/** One exact frame of a file. Throws what `openVideo` throws, and `frame-out-of-range`. */
export async function extractFrame(
  path: string,
  index: number,
  look: LookOptions & { log: Log },
): Promise<DecodedFrame> {
  const source = await openVideo(path, look);
  try {
    await source.buildIndex({ signal: look.signal });
    return await source.frame(index, { signal: look.signal });
  } finally {
    source.dispose();
  }
}
