import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkstationError, throwIfAborted } from '../../preload/contract/errors.ts';
import {
  averageFrameRate,
  clockJoins,
  durationSeconds,
  isVariableFrameRate,
  type ClockJoin,
} from '../../preload/contract/frames.ts';
import type { PictureStream } from '../../preload/contract/domain.ts';
import type { Sound } from '../../preload/contract/sound.ts';
import type { StereoEye } from '../../preload/contract/stereo.ts';
import {
  frameAtPlace,
  locationOf,
  type FrameLocation,
  type UncheckedPlace,
} from '../../preload/contract/places.ts';
import { checkContainer, isFinished } from './container-check.ts';
import { needsOneThread, type DecodeContext } from './decode-arguments.ts';
import type { DecodedFrame } from './decoder.ts';
import { decoderName, findMediaTools } from './ffmpeg.ts';
import { fingerprintFile } from './fingerprint.ts';
import { buildFrameTable } from './frame-index.ts';
import type { IndexProgress } from './index-options.ts';
import { FrameBudget } from './frame-budget.ts';
import { FrameReader, type FrameRequest } from './frame-reader.ts';
import type { FrameTable } from './frame-table.ts';
import { decodeFrameIndex, encodeFrameIndex } from './frame-index-file.ts';
import { silentLog, type Log } from '../platform/log.ts';
import { createByteRangeStream, type ByteRangeAnswer } from './byte-range.ts';
import { contentOf } from '../../preload/contract/case-time.ts';
import { streamFingerprint, type StreamWish } from './picture-streams.ts';
import {
  openTranscodedStream,
  planPlayback,
  soundOf,
  type PlaybackPlan,
  type StreamWishes,
  type TranscodedStream,
} from './playback.ts';
import { probeVideo, type VideoProbe } from './probe.ts';
import { stampFile, type FileStamp } from './regular-file.ts';

export interface OpenVideoOptions {
  /**
   * A stored index (`encodedIndex()` of an earlier time), or what finds it by the fingerprint. One that does not fit is
   * ignored, and the log says why.
   */
  readonly index?: Uint8Array | null | ((fingerprint: string) => Promise<Uint8Array | null>) | undefined;
  /**
   * Bytes of the file that count, where it has grown since it was reviewed: it is opened as it was then. A longer one is
   * refused by its fingerprint if it is another file.
   */
  readonly length?: number | undefined;
  /** Which picture stream is opened: the file's default where nothing is said. */
  readonly stream?: StreamWish | undefined;
  /** Bytes for decoded frames of this video alone; left out, it shares those of the process. */
  readonly cacheBytes?: number | undefined;
  readonly log?: Log | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the index tells of the whole video. */
export interface FrameSummary {
  readonly frames: number;
  readonly durationSeconds: number;
  readonly frameRate: number;
  readonly variableFrameRate: boolean;
  /** Where recordings are joined, or a clock began anew or leapt. */
  readonly joins: readonly ClockJoin[];
}

const mebibyte = 1024 * 1024;

/**
 * For the decoded frames of all open recordings: 42 frames of 1080p in planes, and three in RGB. With it, a page that plays and
 * the browser's other processes, an hour's review stays under 700 MB.
 */
const sharedBudget = new FrameBudget(Math.min(144 * mebibyte, Math.floor(totalmem() / 8)));

/**
 * Opens a video in place. Reads a few megabytes at most; the index is built by `buildIndex` or comes stored.
 *
 * Throws `file-missing`, `file-empty`, `file-unreadable`, `video-not-a-video`, `video-no-picture`, `video-truncated`,
 * `video-protected`, `ffmpeg-missing`, `ffmpeg-failed`, `cancelled`.
 */
export async function openVideo(path: string, options: OpenVideoOptions = {}): Promise<VideoSource> {
  const log = options.log ?? silentLog;
  const stamp = await stampFile(path);
  const tools = await findMediaTools({ log });
  const length = await countedLength(path, stamp, options.length);
  const { stream, signal } = options;
  const probe = await probeVideo(path, tools, { stream, length, signal, log });
  const content = await fingerprintFile(path, options.signal, length);
  const fingerprint = streamFingerprint(content, probe.streams, probe.streamIndex);
  const index = typeof options.index === 'function' ? await options.index(fingerprint) : options.index;
  throwIfAborted(options.signal);
  return new VideoSource({ path, tools, probe, log }, fingerprint, stamp, { ...options, index });
}

/** A file that was written to within this time may be a recording under way. */
const recentMilliseconds = 60_000;
/** Recorders write at least this often; a shorter look would take a recording under way for a finished one. */
const growthMilliseconds = 1500;

/**
 * How much of a file is opened: all of it, or only what is there now if more may come. Nothing may change under an index
 * that is being built.
 */
async function countedLength(path: string, stamp: FileStamp, asked?: number): Promise<number | undefined> {
  if (asked !== undefined && asked < stamp.size) return asked;
  if (Date.now() - stamp.modifiedMilliseconds > recentMilliseconds) return undefined;
  return isFinished(await checkContainer(path)) ? undefined : stamp.size;
}

/** An open video: its description, its frames by index, and how to play it. `dispose` it when done. */
export class VideoSource {
  readonly path: string;
  readonly probe: VideoProbe;
  /** Name of the content, the same wherever the file lies: 64 hexadecimal digits, and the stream where it is not the first. */
  readonly fingerprint: string;
  readonly context: DecodeContext;
  readonly #budget: FrameBudget;
  readonly #openedAt = performance.now();
  /** Whether the file was seen to grow. */
  #grows = false;
  #stamp: FileStamp;
  #eye: StereoEye | null = null;
  #table: FrameTable | null = null;
  #reader: FrameReader | null = null;
  readonly #closing = new AbortController();

  constructor(
    context: DecodeContext,
    fingerprint: string,
    stamp: FileStamp,
    options: Omit<OpenVideoOptions, 'index'> & { index?: Uint8Array | null | undefined },
  ) {
    this.context = context;
    this.path = context.path;
    this.probe = context.probe;
    this.fingerprint = fingerprint;
    this.#stamp = stamp;
    const { cacheBytes } = options;
    this.#budget = cacheBytes === undefined ? sharedBudget : new FrameBudget(cacheBytes);
    if (options.index) {
      try {
        this.#table = decodeFrameIndex(options.index, this.#origin());
      } catch (error) {
        context.log.warn('A stored frame index was not used', { reason: (error as Error).message });
      }
    }
  }

  /** What decodes its frames, such as `ffmpeg 5.1.9-0+deb12u1`. */
  get decoder(): string {
    return decoderName(this.context.tools);
  }

  /**
   * What of the recording is missing: `cut`, its end; `growing`, what is still being recorded, as far as that was seen;
   * `partial`, a part that no decoder reads; null where it is whole. What is there is reviewed all the same.
   */
  get incomplete(): 'cut' | 'growing' | 'partial' | null {
    if (this.#grows) return 'growing';
    if ((this.#table?.lostParts ?? 0) > 0) return 'partial';
    return this.probe.isCut ? 'cut' : null;
  }

  /** The picture streams to choose from: those in which the chosen one goes on later are no others. */
  get streams(): readonly PictureStream[] {
    const { streams, streamIndex, pids } = this.probe;
    const later = new Set(this.#table?.parts.map(({ pid }) => pid));
    return streams.filter(({ index }) => index === streamIndex || !later.has(pids[index] ?? -1));
  }

  get hasIndex(): boolean {
    return this.#table !== null;
  }

  /** The frame table. Throws `unavailable` until the index is built. */
  get table(): FrameTable {
    if (this.#table) return this.#table;
    throw new WorkstationError(
      'unavailable',
      'The frames of this video are not counted yet.',
      'Wait until the index is ready.',
    );
  }

  /** Counts the frames, unless that is done. Throws `cancelled`, `file-missing`, `file-changed`, `ffmpeg-failed`. */
  async buildIndex(
    options: {
      signal?: AbortSignal | undefined;
      onProgress?: ((progress: IndexProgress) => void) | undefined;
    } = {},
  ): Promise<FrameSummary> {
    if (!this.#table) {
      await this.#checkFile();
      const table = await buildFrameTable(this.context, options);
      const { signal } = options;
      // A recording under way shows within a moment, which is waited for where nothing else says that it is finished.
      if (this.#mayGrow) {
        await sleep(Math.max(0, this.#openedAt + growthMilliseconds - performance.now()), null, {
          signal,
        }).catch(() => null);
        throwIfAborted(signal);
      }
      await this.#checkFile();
      // The tools were not limited to the beginning of the file, so they may have counted what came meanwhile.
      if (this.#grows && !this.#mayGrow) {
        throw new WorkstationError(
          'file-changed',
          'This file is still being written.',
          'Open it again: what is there by then can be reviewed.',
        );
      }
      this.#table = table;
    }
    const count = this.#table.ticks.length;
    options.onProgress?.({ done: count, total: count });
    return this.summary();
  }

  /** The index as bytes to keep; `openVideo` takes it back. */
  encodedIndex(): Buffer {
    return encodeFrameIndex(this.table, this.#origin());
  }

  summary(): FrameSummary {
    const { table } = this;
    return {
      frames: table.ticks.length,
      durationSeconds: durationSeconds(table),
      frameRate: averageFrameRate(table),
      variableFrameRate: isVariableFrameRate(table),
      joins: clockJoins(table),
    };
  }

  /** Throws `frame-out-of-range`, `invalid-input`, `unavailable`. */
  locate(place: UncheckedPlace): FrameLocation {
    return locationOf(this.table, frameAtPlace(this.table, place));
  }

  /**
   * One frame, exactly. Throws `frame-out-of-range`, `cancelled` (also when a newer interaction came), `file-missing`,
   * `file-changed`, `ffmpeg-failed`, `ffmpeg-missing`, `unavailable`.
   */
  async frame(index: number, request: FrameRequest = {}): Promise<DecodedFrame> {
    return this.#frames().frame(index, request);
  }

  /** Frames `first` to `last` in order, decoded in one run; for exports and sweeps. */
  frames(first: number, last: number, signal?: AbortSignal): AsyncGenerator<DecodedFrame> {
    return this.#frames().frames(first, last, signal);
  }

  /** Which eye of a stereo recording frames and streams are of from now on; null: the whole picture. Nothing is decoded anew. */
  useEye(eye: StereoEye | null): void {
    this.#eye = eye;
  }

  /** What the file says of itself, with the eye that is shown. */
  get shown(): VideoProbe {
    return { ...this.probe, eye: this.#eye };
  }

  /** How a video element gets this video. Throws `unavailable`. */
  playbackPlan(): PlaybackPlan {
    return planPlayback(this.shown, this.context.tools, this.#table);
  }

  /** Whether its sound can be heard, and how. Throws `unavailable` where it can't be played at all. */
  sound(): Sound {
    return soundOf(this.shown, this.context.tools, this.#table);
  }

  /** A part of the file for a video element that plays it natively. Throws `file-missing`, `file-changed`. */
  async byteRange(rangeHeader: string | null | undefined): Promise<ByteRangeAnswer> {
    await this.#checkFile();
    const plan = this.playbackPlan();
    return createByteRangeStream(
      this.path,
      rangeHeader,
      plan.kind === 'native' ? plan.contentType : undefined,
      this.probe.bytes,
    );
  }

  /** A converted stream from a frame on, for what a video element cannot play. See `openTranscodedStream`. */
  async transcodedStream(startIndex: number, wishes: StreamWishes = {}): Promise<TranscodedStream> {
    await this.#checkFile();
    const { signal: asked } = wishes;
    const signal = asked ? AbortSignal.any([asked, this.#closing.signal]) : this.#closing.signal;
    const context = { ...this.context, probe: this.shown };
    return openTranscodedStream(context, this.table, startIndex, { ...wishes, signal });
  }

  dispose(): void {
    this.#closing.abort();
    this.#reader?.dispose();
    this.#reader = null;
  }

  #frames(): FrameReader {
    if (this.#closing.signal.aborted) {
      throw new WorkstationError('cancelled', 'This video was closed.', 'Open it again.');
    }
    this.#reader ??= new FrameReader({
      context: this.context,
      table: this.table,
      budget: this.#budget,
      checkFile: () => this.#checkFile(),
      eye: () => this.#eye,
    });
    return this.#reader;
  }

  #origin() {
    const { tools, probe } = this.context;
    // Tables counted before an index of fragments was hidden from ffmpeg lack frames.
    const parts = (probe.input.pieces?.length ?? 0) > 1 ? ', in parts' : '';
    const how = (needsOneThread(probe) ? ', one thread' : '') + parts;
    return { fingerprint: this.fingerprint, decoder: `${tools.ffmpeg.version}${how}` };
  }

  /** Throws `file-missing` or `file-changed` when another content lies under the path. */
  async #checkFile(): Promise<void> {
    const stamp = await stampFile(this.path);
    if (stamp.size === this.#stamp.size && stamp.modifiedMilliseconds === this.#stamp.modifiedMilliseconds)
      return;
    const { bytes } = this.probe;
    // A recording that continues keeps its beginning, and with that every frame that was counted.
    if (
      stamp.size < bytes ||
      (await fingerprintFile(this.path, undefined, bytes)) !== contentOf(this.fingerprint)
    ) {
      // Some recorders go back and fill in what they left open, so none of the counted frames is sure to stay.
      throw stamp.size > bytes
        ? new WorkstationError(
            'file-changed',
            'The video file has grown, and its beginning has changed: it is still being written, or was replaced.',
            'Open it again when the recording has ended. Answers given before belong to the file as it was.',
          )
        : new WorkstationError(
            'file-changed',
            'The video file has changed since it was opened.',
            'Open the video again. Answers given before belong to the file as it was.',
          );
    }
    this.#grows ||= stamp.size > this.#stamp.size;
    this.#stamp = stamp;
  }

  /** Whether the tools read the beginning of the file alone, so that more may come behind it. */
  get #mayGrow(): boolean {
    return this.probe.input.pieces?.at(-1)?.end === this.probe.bytes;
  }
}

export { hashPicture, type DecodedFrame } from './decoder.ts';
export type { FramePriority, FrameRequest } from './frame-reader.ts';
export type { IndexProgress } from './index-options.ts';
export type { FrameTable } from './frame-table.ts';
export type { Log } from '../platform/log.ts';
export type { ColourMatrix, VideoProbe } from './probe.ts';
export type { ByteRangeAnswer } from './byte-range.ts';
export type { PlaybackPlan, TranscodedStream } from './playback.ts';
export { boxAsDisplayed, displayedSize, isDisplayedAsCoded, orientationInWords } from './display.ts';
export { decoderName, decoderWarning, findMediaTools, forgetMediaTools, type MediaTools } from './ffmpeg.ts';
export { hasKnownHoles, isTooOldToPack, readToolVersion } from './ffmpeg-version.ts';
export { fingerprintCoverage, fingerprintFile } from './fingerprint.ts';
export { streamOfFingerprint, type StreamWish } from './picture-streams.ts';
export { keyFrameBefore } from './frame-table.ts';
