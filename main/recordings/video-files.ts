import type { FrameIndex } from '../../preload/contract/values.ts';
import {
  boxAsDisplayed,
  displayedSize,
  isDisplayedAsCoded,
  openVideo as openFile,
  streamOfFingerprint,
  type DecodedFrame,
  type FrameRequest,
  type Log,
  type VideoSource as FileSource,
} from '../video/index.ts';
import type { OpenVideo, OpenVideoOptions, VideoFacts, VideoIndex, VideoSource } from './ports.ts';

/** A video file, opened by `main/video`; its index is built once, in the background. */
export class VideoFile implements VideoSource {
  /** For playing, thumbnails and exports. */
  readonly file: FileSource;
  readonly facts: VideoFacts;
  readonly #index: Promise<VideoIndex>;
  readonly #closing = new AbortController();

  constructor(file: FileSource, options: OpenVideoOptions) {
    const { probe } = file;
    this.file = file;
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
      durationSeconds: file.hasIndex ? file.summary().durationSeconds : probe.durationSeconds,
      incomplete: file.incomplete,
      playback: playbackOf(file),
      decoder: file.decoder,
    };
    this.#index = this.#build(options);
    // Whoever asks for it is told; until then a failure waits.
    this.#index.catch(() => undefined);
  }

  indexed(): Promise<VideoIndex> {
    return this.#index;
  }

  frame(index: FrameIndex, request: FrameRequest = {}): Promise<DecodedFrame> {
    return this.file.frame(index, request);
  }

  async dispose(): Promise<void> {
    this.#closing.abort();
    this.file.dispose();
    await this.#index.catch(() => undefined);
  }

  async #build({ signal, onProgress }: OpenVideoOptions): Promise<VideoIndex> {
    const { file } = this;
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
      playback: playbackOf(file),
      incomplete: file.incomplete,
      streams: streamsOf(file),
      kept,
      encode: () => file.encodedIndex(),
    };
  }
}

/** Where there is a choice among them. */
const streamsOf = ({ streams }: FileSource): VideoFacts['streams'] => (streams.length > 1 ? streams : []);

/** A video that can't be played can still be reviewed frame by frame; playing it says why it can't. */
function playbackOf(file: FileSource): VideoFacts['playback'] {
  try {
    return file.playbackPlan().kind;
  } catch {
    return 'transcoded';
  }
}

/** `createReview`'s way to open videos: real files through `main/video`. */
export const openVideoFile =
  (log: Log): OpenVideo<VideoFile> =>
  async (path, options) => {
    const { stream: wish, readIndex: index, length, signal } = options;
    const stream = typeof wish === 'object' ? streamOfFingerprint(wish.of) : wish;
    return new VideoFile(await openFile(path, { index, stream, length, log, signal }), options);
  };
