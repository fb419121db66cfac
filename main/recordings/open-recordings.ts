import { LRUCache } from 'lru-cache';
import type { VideoId } from '../../preload/contract/values.ts';
import type { StoredVideo } from '../store/index.ts';
import { fileChanged } from './availability.ts';
import type { Recording } from './ports.ts';

/** Enough for a case with a few recorder segments. More would cost memory, since each holds a cache of frames. */
const mostOpen = 4;

interface Held {
  readonly path: string;
  readonly recording: Promise<Recording>;
}

/** Keeps the videos that were used last open, because frames are asked for one after another from the same few files. */
export class OpenRecordings {
  readonly #open: LRUCache<VideoId, Held>;
  readonly #closing = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told of a recording that could not be closed */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    // A recording is closed however it leaves the cache: by age, replaced by another one, or dropped.
    this.#open = new LRUCache({ max: mostOpen, dispose: ({ recording }) => this.#close(recording) });
  }

  /** Returns the video's open recording, or opens it by `open`. Callers at the same time share one. */
  get(video: StoredVideo, open: () => Promise<Recording>): Promise<Recording> {
    const held = this.#open.get(video.id);
    if (held?.path === video.path) return held.recording;
    const recording = open().then((opened) => {
      if (opened.facts.fingerprint === video.fingerprint) return opened;
      this.#close(Promise.resolve(opened));
      throw fileChanged(video.displayName);
    });
    this.#hold(video, recording);
    return recording;
  }

  /**
   * Takes over a recording that was opened to find out which video it is. Where the same file is open already and
   * `isBusy` with its index, that one stays and the new one is closed. Returns the one that stays.
   */
  async put(
    video: StoredVideo,
    recording: Recording,
    isBusy: (held: Recording) => boolean,
  ): Promise<Recording> {
    const held = this.#open.get(video.id);
    const open = held?.path === video.path ? await held.recording.catch(() => null) : null;
    // The wait may have been long enough for the file to be dropped.
    if (open !== null && isBusy(open) && this.#open.peek(video.id) === held) {
      this.#close(Promise.resolve(recording));
      return open;
    }
    this.#hold(video, Promise.resolve(recording));
    return recording;
  }

  /** Closes a recording, and forgets it if it is the one that is held for this video. */
  async dropRecording(id: VideoId, recording: Recording): Promise<void> {
    const held = this.#open.peek(id);
    const open = (await held?.recording.catch(() => null)) ?? null;
    if (open === recording && this.#open.peek(id) === held) this.#open.delete(id);
    else this.#close(Promise.resolve(recording));
  }

  /** Closes all recordings, and resolves once they are closed. */
  async close(): Promise<void> {
    this.#open.clear();
    await Promise.all(this.#closing);
  }

  #hold(video: StoredVideo, recording: Promise<Recording>): void {
    const held = { path: video.path, recording };
    this.#open.set(video.id, held);
    recording.catch(() => {
      // The next caller tries again: the disk may be back by then.
      if (this.#open.peek(video.id) === held) this.#open.delete(video.id);
    });
  }

  #close(recording: Promise<Recording>): void {
    const closing = recording
      .then(
        (opened) => opened.dispose(),
        // It never opened; whoever asked for it was told.
        () => undefined,
      )
      .catch(this.#onError);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
