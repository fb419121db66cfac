import { isSameEye, type StereoEye } from '../../preload/contract/stereo.ts';
import type { Sound } from '../../preload/contract/sound.ts';
import type { FrameIndex } from '../../preload/contract/values.ts';
import type { Log } from '../platform/log.ts';
import {
  boxAsDisplayed,
  displayedSize,
  isDisplayedAsCoded,
  keyFrameBefore,
  openVideo,
  streamOfFingerprint,
  type DecodedFrame,
  type FrameRequest,
  type VideoSource,
} from '../video/index.ts';
import type { OpenRecording, OpenRecordingOptions, Recording, VideoFacts, VideoIndex } from './ports.ts';

/** A video file, opened by `main/video`; its index is built once, in the background. */
export class VideoFile implements Recording {
  facts: VideoFacts;
  readonly #file: VideoSource;
  readonly #index: Promise<VideoIndex>;
  readonly #closing = new AbortController();

  constructor(file: VideoSource, options: OpenRecordingOptions) {
    const { probe } = file;
    this.#file = file;
    this.facts = {
      fingerprint: file.fingerprint,
      streams: streamsOf(file),
      streamIndex: probe.streamIndex,
      sizeBytes: probe.bytes,
      container: probe.container,
      codec: probe.codec,
      ...displayedSize(probe, probe),
      boxAsDisplayed: isDisplayedAsCoded(probe, probe) ? null : (box) => boxAsDisplayed(box, probe, probe),
      timeBase: probe.timeBase,
      recordedAt: probe.recordedAt,
      durationSeconds: file.hasIndex ? file.summary().durationSeconds : probe.durationSeconds,
      incomplete: file.incomplete,
      playback: playbackOf(file),
      decoder: file.decoder,
    };
    this.#index = this.#build(options);
    // A failure is thrown at whoever asks for the index, but must not count as unhandled before anybody does.
    this.#index.catch(() => undefined);
  }

  useEye(eye: StereoEye | null): boolean {
    if (isSameEye(this.#file.shown.eye, eye)) return false;
    this.#file.useEye(eye);
    const { shown } = this.#file;
    this.facts = { ...this.facts, ...displayedSize(shown, shown), eye, playback: playbackOf(this.#file) };
    return true;
  }

  indexed(): Promise<VideoIndex> {
    return this.#index;
  }

  frame(index: FrameIndex, request: FrameRequest = {}): Promise<DecodedFrame> {
    return this.#file.frame(index, request);
  }

  keyFrameBefore(index: number): FrameIndex {
    const { table } = this.#file;
    return keyFrameBefore(table, Math.min(index, table.ticks.length - 1)) as FrameIndex;
  }

  byteRange(range: string | undefined): ReturnType<Recording['byteRange']> {
    return this.#file.byteRange(range);
  }

  async transcodedStream(
    startSeconds: number,
    wishes: { withSound: boolean; signal: AbortSignal },
  ): ReturnType<Recording['transcodedStream']> {
    return this.#file.transcodedStream(this.#file.locate({ seconds: startSeconds }).index, wishes);
  }

  sound(): Sound {
    return this.#file.sound();
  }

  async dispose(): Promise<void> {
    this.#closing.abort();
    this.#file.dispose();
    await this.#index.catch(() => undefined);
  }

  async #build({ signal, onProgress }: OpenRecordingOptions): Promise<VideoIndex> {
    const file = this.#file;
    const kept = file.hasIndex;
    const { variableFrameRate } = await file.buildIndex({
      signal: AbortSignal.any([signal, this.#closing.signal]),
      onProgress: (progress) => {
        if (!kept) onProgress(progress.done, progress.total);
      },
    });
    return {
      times: file.table,
      variableFrameRate,
      // A getter, because the choice of one eye changes how the recording is played.
      get playback() {
        return playbackOf(file);
      },
      incomplete: file.incomplete,
      streams: streamsOf(file),
      kept,
      encode: () => file.encodedIndex(),
    };
  }
}

/** The picture streams of a file, listed only if there is a choice among them or one is marked as stereo. */
const streamsOf = ({ streams }: VideoSource): VideoFacts['streams'] =>
  streams.length > 1 || streams.some(({ stereo }) => stereo !== undefined) ? streams : [];

/** A video that can't be played can still be reviewed frame by frame; playing it says why it can't. */
function playbackOf(file: VideoSource): VideoFacts['playback'] {
  try {
    return file.playbackPlan().kind;
  } catch {
    return 'transcoded';
  }
}

/** The library's way to open videos: real files through `main/video`. */
export const openVideoFile =
  (log: Log): OpenRecording =>
  async (path, options) => {
    const { stream: wanted, readIndex: index, length, signal } = options;
    const stream = typeof wanted === 'object' ? streamOfFingerprint(wanted.of) : wanted;
    return new VideoFile(await openVideo(path, { index, stream, length, log, signal }), options);
  };
