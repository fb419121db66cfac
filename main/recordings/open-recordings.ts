import type { VideoId } from '../../preload/contract/values.ts';
import type { StoredVideo } from '../store/index.ts';
import { fileChanged } from './availability.ts';
import type { Recording } from './ports.ts';

/** Enough for a case with a few recorder segments; each holds a cache of frames. */
const mostOpen = 4;

/** Videos held open, the ones used last. Frames are asked one after another from the same few files. */
export class OpenRecordings {
  /** In order of use, the last used at the end. */
  readonly #open = new Map<VideoId, { path: string; recording: Promise<Recording> }>();
  readonly #closing = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** The video's open recording, or the one that `open` makes; the same for callers at the same time. */
  get(video: StoredVideo, open: () => Promise<Recording>): Promise<Recording> {
    const held = this.#open.get(video.id);
    if (held !== undefined && held.path === video.path) {
      this.#open.delete(video.id);
      this.#open.set(video.id, held);
      return held.recording;
    }
    this.drop(video.id);
    const recording = open().then((opened) => {
      if (opened.facts.fingerprint === video.fingerprint) return opened;
      this.#dispose(opened);
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
    if (open !== null && isBusy(open) && this.#open.get(video.id) === held) {
      this.#dispose(recording);
      return open;
    }
    this.drop(video.id);
    this.#hold(video, Promise.resolve(recording));
    return recording;
  }

  /** Closes a recording, and forgets it if it is the one that is held for this video. */
  async dropRecording(id: VideoId, recording: Recording): Promise<void> {
    const held = this.#open.get(id);
    const open = (await held?.recording.catch(() => null)) ?? null;
    if (open === recording && this.#open.get(id) === held) this.#open.delete(id);
    this.#dispose(recording);
  }

  drop(id: VideoId): void {
    const held = this.#open.get(id);
    if (held === undefined) return;
    this.#open.delete(id);
    held.recording.then(
      (recording) => this.#dispose(recording),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const recordings = [...this.#open.values()];
    this.#open.clear();
    for (const { recording } of recordings) {
      try {
        this.#dispose(await recording);
      } catch {
        // It never opened; whoever asked for it was told.
      }
    }
    await Promise.all(this.#closing);
  }

  #hold(video: StoredVideo, recording: Promise<Recording>): void {
    const held = { path: video.path, recording };
    this.#open.set(video.id, held);
    recording.catch(() => {
      // The next caller tries again: the disk may be back by then.
      if (this.#open.get(video.id) === held) this.#open.delete(video.id);
    });
    for (const id of [...this.#open.keys()].slice(0, Math.max(0, this.#open.size - mostOpen))) {
      this.drop(id);
    }
  }

  #dispose(recording: Recording): void {
    const closing = recording.dispose().catch(this.#onError);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
