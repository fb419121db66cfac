import {
  frameAtPlace,
  FrameIndex,
  toErrorReport,
  type ErrorReport,
  type PlaceInVideo,
  type Video,
  type VideoId,
} from '../../preload/contract/index.ts';
import type { FrameAt } from './case-player.ts';
import { VideoTimes } from './frame-times.ts';
import { FrameSource, type Frame } from './frames.ts';
import { isShowable, type Reel } from './recordings.svelte.ts';

/** Exact frames on the screen, of any recording of the case. The latest request wins. */
export abstract class Stills {
  /** The frame on screen, or the last one before motion. Replaced whole: picture and place never differ. */
  shown = $state.raw<Frame | null>(null);
  /** The frame being fetched, where it takes long enough to say so. */
  pending = $state<number | null>(null);
  fault = $state.raw<ErrorReport | null>(null);
  /** Where one stands in a recording of which no frame can be shown, in seconds since its first frame. */
  protected unseen = $state(0);
  readonly times: VideoTimes;
  readonly frames: FrameSource;
  protected readonly recordings: Reel;
  #request = new AbortController();
  #ahead = new AbortController();
  #target: FrameAt | null = null;

  constructor(recordings: Reel, fetchMedia: typeof fetch) {
    this.recordings = recordings;
    this.times = new VideoTimes(recordings, fetchMedia);
    this.frames = new FrameSource(this.times, fetchMedia);
  }

  /** A frame is on the screen now. */
  protected abstract onFrame(frame: Frame): void;
  /** A frame of a recording could not be had: its file may be gone. */
  protected abstract onFrameFault(videoId: VideoId): void;

  /** The recording on show. */
  get video(): Video {
    return this.recordings.shown;
  }

  /** Whether its frames can be shown. */
  get ready(): boolean {
    return isShowable(this.video);
  }

  get lastIndex(): number {
    return Math.max(0, (this.video.frameCount ?? 1) - 1);
  }

  /** The frame that was gone to last, which may still be on its way. */
  get at(): FrameAt {
    return this.#target ?? { video: this.video, index: this.shown?.location.index ?? 0 };
  }

  get index(): number {
    return this.at.index;
  }

  /** Shows the frame at a place of a recording; the frame before stays until the new one is there. */
  protected async fetchAt(at: PlaceInVideo, video: Video = this.at.video): Promise<void> {
    this.#request.abort();
    const request = new AbortController();
    this.#request = request;
    this.#target = 'index' in at ? { video, index: at.index } : null;
    this.pending = this.#target?.index ?? null;
    try {
      const index = 'index' in at ? at.index : frameAtPlace(await this.times.get(video), at);
      if (request.signal.aborted) return;
      this.#target = { video, index };
      const frame = await this.frames.get({ videoId: video.id, index }, request.signal);
      if (request.signal.aborted) return;
      // Picture and recording change together.
      this.recordings.show(video.id);
      this.shown = frame;
      this.fault = null;
      this.onFrame(frame);
    } catch (error) {
      if (request.signal.aborted) return;
      this.fault = toErrorReport(error);
      this.onFrameFault(video.id);
    }
    this.#target = null;
    this.pending = null;
  }

  /** Shows the nearest frame that a recording has; one of which none can be shown is on show without a frame. */
  protected async fetchFrame({ videoId, index }: { videoId: VideoId; index: number }): Promise<void> {
    const { recordings } = this;
    const video = recordings.find(videoId);
    if (video === null) return;
    if (!isShowable(video) && videoId !== recordings.shown.id) return this.enter(video, 0);
    const last = Math.max(0, (video.frameCount ?? 1) - 1);
    await this.fetchAt({ index: FrameIndex.parse(Math.min(last, Math.max(0, Math.round(index)))) }, video);
  }

  /** Puts a recording on show before, or without, a frame of it. */
  protected enter(video: Video, seconds: number): void {
    this.giveUp();
    this.fault = null;
    this.recordings.show(video.id);
    this.shown = null;
    this.unseen = seconds;
  }

  /** The frame on the screen stays, whatever was on its way. */
  protected giveUp(): void {
    this.#request.abort();
    this.#target = null;
    this.pending = null;
  }

  /** Fetches the frame that the next step would show, and forgets failures. */
  protected fetchAhead({ video, index: place }: FrameAt): void {
    if (place < 0 || place >= (video.frameCount ?? 0)) return;
    const frame = { videoId: video.id, index: FrameIndex.parse(place) };
    if (this.frames.has(frame)) return;
    this.#ahead.abort();
    this.#ahead = new AbortController();
    // The step itself will meet and show any failure.
    this.frames.get(frame, this.#ahead.signal).catch(() => undefined);
  }

  dispose(): void {
    this.#request.abort();
    this.#ahead.abort();
  }
}
