import { WorkstationError } from '../../preload/contract/errors.ts';
import type { VideoId } from '../../preload/contract/values.ts';
import type { StoredVideo } from '../store/index.ts';
import type { VideoSource } from './ports.ts';

/** Enough for a case with a few recorder segments; each holds a cache of frames. */
const OPEN_SOURCES = 4;

/** Videos held open, the ones used last. Frames are asked one after another from the same few files. */
export class SourcePool<Source extends VideoSource> {
  /** In order of use, the last used at the end. */
  readonly #open = new Map<VideoId, { path: string; source: Promise<Source> }>();
  readonly #closing = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** The video's open source, or the one that `open` makes; the same for callers at the same time. */
  get(video: StoredVideo, open: () => Promise<Source>): Promise<Source> {
    const held = this.#open.get(video.id);
    if (held !== undefined && held.path === video.path) {
      this.#open.delete(video.id);
      this.#open.set(video.id, held);
      return held.source;
    }
    this.drop(video.id);
    const source = open().then((opened) => {
      if (opened.facts.fingerprint === video.fingerprint) return opened;
      this.#dispose(opened);
      throw fileChanged(video.displayName);
    });
    this.#hold(video, source);
    return source;
  }

  /**
   * Takes over a source that was opened to find out which video it is. Where the same file is open already and
   * `isBusy` with its index, that one stays and the new one is closed. Returns the one that stays.
   */
  async put(video: StoredVideo, source: Source, isBusy: (held: Source) => boolean): Promise<Source> {
    const held = this.#open.get(video.id);
    const open = held?.path === video.path ? await held.source.catch(() => null) : null;
    // The wait may have been long enough for the file to be dropped.
    if (open !== null && isBusy(open) && this.#open.get(video.id) === held) {
      this.#dispose(source);
      return open;
    }
    this.drop(video.id);
    this.#hold(video, Promise.resolve(source));
    return source;
  }

  /** Closes a source, and forgets it if it is the one that is held for this video. */
  async dropSource(id: VideoId, source: Source): Promise<void> {
    const held = this.#open.get(id);
    const open = (await held?.source.catch(() => null)) ?? null;
    if (open === source && this.#open.get(id) === held) this.#open.delete(id);
    this.#dispose(source);
  }

  drop(id: VideoId): void {
    const held = this.#open.get(id);
    if (held === undefined) return;
    this.#open.delete(id);
    held.source.then(
      (source) => this.#dispose(source),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const sources = [...this.#open.values()];
    this.#open.clear();
    for (const { source } of sources) {
      try {
        this.#dispose(await source);
      } catch {
        // It never opened; whoever asked for it was told.
      }
    }
    await Promise.all(this.#closing);
  }

  #hold(video: StoredVideo, source: Promise<Source>): void {
    const held = { path: video.path, source };
    this.#open.set(video.id, held);
    source.catch(() => {
      // The next caller tries again: the disk may be back by then.
      if (this.#open.get(video.id) === held) this.#open.delete(video.id);
    });
    for (const id of [...this.#open.keys()].slice(0, Math.max(0, this.#open.size - OPEN_SOURCES))) {
      this.drop(id);
    }
  }

  #dispose(source: Source): void {
    const closing = source.dispose().catch(this.#onError);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}

export const fileChanged = (name: string): WorkstationError =>
  new WorkstationError(
    'file-changed',
    `The file ${name} is not the one that was reviewed: its content is different.`,
    'Put the original file back, or say where it lies now. To review the new file, open it as a video of its own.',
  );
