import { basename, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  mostJoins,
  type FrameLocation,
  type RecentVideo,
  type Video,
} from '../../preload/contract/domain.ts';
import type { PlaceInVideo } from '../../preload/contract/calls.ts';
import { stackOf, toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import {
  checkFrameIndex,
  clockJoins,
  durationSeconds,
  formatTimecode,
  frameAtSeconds,
  frameAtTimecode,
  secondsOfFrame,
  ticksOfFrame,
  type FrameTimes,
} from '../../preload/contract/frames.ts';
import { VideoId, type CaseId, type FrameIndex } from '../../preload/contract/values.ts';
import { answers, cases, mustExist, videos, type Log, type Store, type StoredVideo } from '../store/index.ts';
import { createNumberedCase } from './cases.ts';
import { statFile } from '../files/index.ts';
import type { JobRegistry, RunningJob } from '../jobs/index.ts';
import { contentOf, fingerprintFile } from '../video/index.ts';
import type {
  DecodedFrame,
  FrameRequest,
  OpenVideo,
  OpenVideoOptions,
  VideoFacts,
  VideoIndex,
  VideoSource,
} from './ports.ts';
import { fileChanged, SourcePool } from './open-recordings.ts';

const RECENT_VIDEOS = 20;

export interface VideoContext<Source extends VideoSource> {
  store: Store;
  openVideo: OpenVideo<Source>;
  jobs: JobRegistry;
  emit: (event: WorkstationEvent) => void;
  now: () => number;
  newId: () => string;
  log: Log;
  /** Whether a path is that of a copy in the data folder. */
  isCopy: (path: string) => boolean;
}

export interface OpenWishes {
  /** Null: the case that it is in already, else a new one. */
  caseId: CaseId | null;
  asNewCase?: boolean | undefined;
  /** The file's default where none is named. */
  streamIndex?: number | undefined;
}

/** The videos of all cases: their rows, their files, and those held open. */
export class VideoLibrary<Source extends VideoSource> {
  readonly #context: VideoContext<Source>;
  readonly #pool: SourcePool<Source>;
  /** Videos whose path holds another file, found when it was opened. */
  readonly #changed = new Set<VideoId>();
  /** Videos whose answers' boxes are known to lie on the displayed picture. */
  readonly #displayed = new Set<VideoId>();
  /** What a look at a file that is longer than it was has shown. */
  readonly #grown = new Map<VideoId, { looked: string; same: boolean }>();
  readonly #watched = new WeakMap<Source, Promise<VideoIndex>>();
  /** Whether a person stopped the counting of a source's frames. */
  readonly #stopped = new WeakMap<Source, () => boolean>();
  /** Sources whose index is being built. */
  readonly #busy = new WeakSet<Source>();
  readonly #isBusy = (source: Source): boolean => this.#busy.has(source);
  readonly #ending = new AbortController();

  constructor(context: VideoContext<Source>) {
    this.#context = context;
    this.#pool = new SourcePool((error) =>
      context.log.warn('a video could not be closed', { code: toErrorReport(error).code }),
    );
  }

  /**
   * Opens a file in place. The same content is the same video wherever it lies: a moved file is found again, and a copy
   * goes on with the file that the case has, as long as it has one. Without a case it joins the one that it is in already,
   * else a new one; `asNewCase`: a new one in any case. Throws what `openVideo` throws.
   */
  async open(path: string, { caseId, asNewCase = false, streamIndex }: OpenWishes): Promise<StoredVideo> {
    const stream = streamIndex === undefined ? undefined : { index: streamIndex };
    return this.#openFile(path, { caseId, asNewCase, stream });
  }

  /** Another picture stream of a video's file, as a video of the same case. Throws `invalid-input`, `file-changed`. */
  async openStream(id: VideoId, streamIndex: number): Promise<StoredVideo> {
    const { path, caseId, fingerprint } = this.find(id);
    return this.#openFile(path, {
      caseId,
      asNewCase: false,
      stream: { index: streamIndex, of: fingerprint },
    });
  }

  async #openFile(
    path: string,
    {
      caseId,
      asNewCase,
      stream,
    }: { caseId: CaseId | null; asNewCase: boolean; stream?: { index: number; of?: string } | undefined },
  ): Promise<StoredVideo> {
    const { store } = this.#context;
    const whole = resolve(path);
    await statFile(whole);
    if (caseId !== null) mustExist(cases.findCase(store.database, caseId), 'case');
    const source = await this.#openSource(whole, basename(whole), stream?.index);
    try {
      if (stream?.of !== undefined && contentOf(source.facts.fingerprint) !== contentOf(stream.of)) {
        throw fileChanged(basename(whole));
      }
      const kept = asNewCase ? null : await this.#keptElsewhere(source.facts.fingerprint, whole, caseId);
      if (kept !== null) {
        await source.dispose();
        const again = { ...kept, openedAt: this.#context.now(), recent: true };
        videos.updateVideo(store.database, again);
        return again;
      }
      const video = this.#write(source.facts, whole, caseId, asNewCase);
      this.#takeDisplay(video.id, source.facts);
      this.#changed.delete(video.id);
      const open = await this.#pool.put(video, source, this.#isBusy);
      void this.#watchIndex(video.id, open);
      return video;
    } catch (error) {
      await source.dispose();
      throw error;
    }
  }

  /** Videos of this content, whichever of its picture streams, that of this very place first, then the one opened last. */
  knownAsContent(content: string, whole: string): StoredVideo[] {
    const found = videos.findVideosOfContent(this.#context.store.database, content);
    return found.sort((a, b) => Number(b.path === whole) - Number(a.path === whole));
  }

  /** Videos of this content and picture stream, in the same order. */
  knownAs(fingerprint: string, whole: string, caseId: CaseId | null = null): StoredVideo[] {
    return videos
      .findVideosByFingerprint(this.#context.store.database, fingerprint)
      .filter((video) => caseId === null || video.caseId === caseId)
      .sort((a, b) => Number(b.path === whole) - Number(a.path === whole));
  }

  /** The video of this content that lies elsewhere and is still there: it does not move to a copy. */
  async #keptElsewhere(
    fingerprint: string,
    whole: string,
    caseId: CaseId | null,
  ): Promise<StoredVideo | null> {
    const known = this.knownAs(fingerprint, whole, caseId)[0];
    if (known === undefined || known.path === whole) return null;
    return (await this.availability(known)) === 'available' ? known : null;
  }

  /** The video's row: a new one, or that of the same content seen again. */
  #write(facts: VideoFacts, whole: string, caseId: CaseId | null, asNewCase: boolean): StoredVideo {
    const { store, now, newId } = this.#context;
    return store.database.transaction(() => {
      // A case has a content once: in one that is named, the video that is there is meant.
      const isNew = asNewCase && caseId === null;
      const known = isNew ? null : (this.knownAs(facts.fingerprint, whole, caseId)[0] ?? null);
      const seen = {
        path: whole,
        displayName: basename(whole),
        openedAt: now(),
        recent: true,
        problem: null,
      };
      if (known !== null) {
        const again: StoredVideo = { ...known, ...columnsOf(facts), ...seen };
        videos.updateVideo(store.database, again);
        return again;
      }
      const added: StoredVideo = {
        id: VideoId.parse(newId()),
        caseId: caseId ?? createNumberedCase(this.#context).id,
        ...columnsOf(facts),
        variableFrameRate: false,
        joins: [],
        frameCount: null,
        index: 'building',
        addedAt: now(),
        ...seen,
      };
      videos.insertVideo(store.database, added);
      return added;
    });
  }

  find(id: VideoId): StoredVideo {
    return mustExist(videos.findVideo(this.#context.store.database, id), 'video');
  }

  /** As the window sees it, without its path. */
  async show(stored: StoredVideo): Promise<Video> {
    const { path, recent: _recent, ...video } = stored;
    const { availability, problem } = await this.#lookAt(stored, path);
    const copied = this.#context.isCopy(path);
    return { ...video, availability, problem: problem ?? video.problem, copied };
  }

  /** Opens the file if it can be, so that its frames are at hand, and shows the video either way. */
  async prepare(stored: StoredVideo): Promise<Video> {
    try {
      await this.source(stored.id);
    } catch (error) {
      const shown = await this.show(this.find(stored.id));
      return { ...shown, problem: toErrorReport(error) };
    }
    return this.show(this.find(stored.id));
  }

  /** Earlier versions knew videos and boxes in pixels of the picture as coded. */
  #takeDisplay(id: VideoId, { width, height, boxAsDisplayed }: VideoFacts): void {
    if (boxAsDisplayed === null || this.#displayed.has(id)) return;
    this.#displayed.add(id);
    this.#changeRow(id, { width, height });
    answers.moveBoxesToDisplayed(this.#context.store.database, id, { width, height }, boxAsDisplayed);
  }

  /** The open source of a video. Throws `file-missing`, `file-changed` and what opening throws. */
  async source(id: VideoId): Promise<Source> {
    const video = this.find(id);
    try {
      const source = await this.#pool.get(video, async () => {
        await statFile(video.path);
        return this.#openSource(video.path, video.displayName, { of: video.fingerprint }, video.sizeBytes);
      });
      this.#changed.delete(id);
      this.#takeDisplay(id, source.facts);
      void this.#watchIndex(id, source);
      return source;
    } catch (error) {
      if (error instanceof WorkstationError && error.code === 'file-changed') this.#changed.add(id);
      throw error;
    }
  }

  /** Waits for the index where it is being built. */
  async index(id: VideoId): Promise<VideoIndex> {
    return this.#watchIndex(id, await this.source(id));
  }

  /**
   * An exact frame. Waits for the index where it is being built. Where the file turns out to be gone or another, every
   * window is told, so that it can offer to locate it.
   */
  async frame(
    id: VideoId,
    index: FrameIndex,
    request: FrameRequest,
  ): Promise<{ frame: DecodedFrame; times: FrameTimes; facts: VideoFacts }> {
    try {
      const { times } = await this.index(id);
      const source = await this.source(id);
      checkFrameIndex(index, times.ticks.length);
      return { frame: await source.frame(index, request), times, facts: source.facts };
    } catch (error) {
      const { code } = toErrorReport(error);
      if (code === 'file-changed') this.#changed.add(id);
      if (code === 'file-missing' || code === 'file-changed' || code === 'file-unreadable')
        await this.#tell(id);
      throw error;
    }
  }

  async locate(id: VideoId, at: PlaceInVideo): Promise<FrameLocation> {
    const { times } = await this.index(id);
    return locationOf(times, frameNamed(times, at));
  }

  /**
   * Says where a file lies now. Refused with `file-changed` unless the content is the same. A file that is still where it
   * was stays the video's own: another place of the same content is a copy.
   */
  async relink(id: VideoId, path: string): Promise<Video> {
    const { store, now } = this.#context;
    const video = this.find(id);
    const whole = resolve(path);
    await statFile(whole);
    const as = { of: video.fingerprint };
    const source = await this.#openSource(whole, basename(whole), as, video.sizeBytes);
    try {
      if (source.facts.fingerprint !== video.fingerprint) throw fileChanged(basename(whole));
      if (video.path !== whole && (await this.availability(video)) === 'available') {
        await source.dispose();
        return await this.show(video);
      }
      const moved: StoredVideo = {
        ...video,
        path: whole,
        displayName: basename(whole),
        openedAt: now(),
        recent: true,
        problem: null,
      };
      videos.updateVideo(store.database, moved);
      this.#changed.delete(id);
      void this.#watchIndex(id, await this.#pool.put(moved, source, this.#isBusy));
    } catch (error) {
      await source.dispose();
      throw error;
    }
    await this.#tell(id);
    return this.show(this.find(id));
  }

  async recent(): Promise<RecentVideo[]> {
    const { store } = this.#context;
    const found = videos.listRecentVideos(store.database, RECENT_VIDEOS);
    const pseudonyms = new Map(cases.listCases(store.database).map(({ id, pseudonym }) => [id, pseudonym]));
    return Promise.all(
      found.map(async (video) => ({
        videoId: video.id,
        displayName: video.displayName,
        casePseudonym: pseudonyms.get(video.caseId) ?? 'Case that can’t be read',
        openedAt: video.openedAt,
        availability: await this.availability(video),
      })),
    );
  }

  /** Where the videos of one size lie. */
  pathsOfSize(size: number): string[] {
    return videos.findVideoPathsBySize(this.#context.store.database, size);
  }

  /** The same by its id; `missing` where its row can't be read, so that a list of others does not fail by it. */
  async look(id: VideoId): Promise<Video['availability']> {
    try {
      return await this.availability(this.find(id));
    } catch (error) {
      if (toErrorReport(error).code === 'store-corrupt') return 'missing';
      throw error;
    }
  }

  async availability(video: StoredVideo): Promise<Video['availability']> {
    return (await this.#lookAt(video, video.path)).availability;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#pool.close();
  }

  async #lookAt(
    video: StoredVideo,
    path: string,
  ): Promise<{ availability: Video['availability']; problem: ErrorReport | null }> {
    try {
      const { size } = await statFile(path);
      const same =
        size === video.sizeBytes || (size > video.sizeBytes && (await this.#hasGrown(video, path, size)));
      if (same && !this.#changed.has(video.id)) {
        return { availability: 'available', problem: null };
      }
      return { availability: 'changed', problem: fileChanged(video.displayName).toReport() };
    } catch (error) {
      return { availability: 'missing', problem: toErrorReport(error) };
    }
  }

  /** Whether a longer file begins with all that was reviewed: then that part is the video still. */
  async #hasGrown(video: StoredVideo, path: string, size: number): Promise<boolean> {
    const looked = `${path} ${size}`;
    const known = this.#grown.get(video.id);
    if (known?.looked === looked) return known.same;
    const content = await fingerprintFile(path, this.#ending.signal, video.sizeBytes);
    const same = video.sizeBytes > 0 && content === contentOf(video.fingerprint);
    this.#grown.set(video.id, { looked, same });
    return same;
  }

  /** Its index is built as a job of its own, which appears once there is progress to tell. */
  async #openSource(
    path: string,
    name: string,
    stream?: OpenVideoOptions['stream'],
    length?: number,
  ): Promise<Source> {
    const { openVideo, store, jobs } = this.#context;
    const stopping = new AbortController();
    let job: RunningJob | null = null;
    const source = await openVideo(path, {
      stream,
      length,
      signal: AbortSignal.any([stopping.signal, this.#ending.signal]),
      readIndex: (fingerprint) => store.frameIndexes.read(fingerprint),
      onProgress: (done, total) => {
        if (job === null) {
          job = jobs.start('index', `Counting the frames of ${name}`, { total });
          job.signal.addEventListener('abort', () => stopping.abort(), { once: true });
        }
        job.progress(done, total);
      },
    });
    this.#busy.add(source);
    // Here, not where the index is kept: a source may be closed before anyone waits for its index.
    source.indexed().then(
      () => {
        this.#busy.delete(source);
        job?.finish();
      },
      (error: unknown) => {
        this.#busy.delete(source);
        if (toErrorReport(error).code === 'cancelled') job?.cancelled();
        else job?.fail(error);
      },
    );
    this.#stopped.set(source, () => job?.signal.aborted === true);
    return source;
  }

  /** Keeps the index when it is done and tells the window; once for each source. */
  #watchIndex(id: VideoId, source: Source): Promise<VideoIndex> {
    const watched = this.#watched.get(source);
    if (watched !== undefined) return watched;
    const done = this.#finishIndex(id, source);
    this.#watched.set(source, done);
    // Whoever waits for it gets the failure; with nobody waiting, the video's problem says it.
    done.catch(() => undefined);
    return done;
  }

  async #finishIndex(id: VideoId, source: Source): Promise<VideoIndex> {
    const { log } = this.#context;
    try {
      const index = await source.indexed();
      if (!index.kept) await this.#keepIndex(source.facts.fingerprint, index);
      this.#changeRow(id, {
        // What a damaged row no longer said of the file is said by the file again.
        ...columnsOf(source.facts),
        index: 'ready',
        frameCount: index.times.ticks.length,
        variableFrameRate: index.variableFrameRate,
        durationSeconds: durationSeconds(index.times),
        joins: clockJoins(index.times).slice(0, mostJoins),
        playback: index.playback,
        incomplete: index.incomplete,
        streams: [...index.streams],
        problem: null,
      });
      await this.#tell(id);
      return index;
    } catch (error) {
      const report = toErrorReport(error);
      log.warn('a frame index could not be built', {
        video: id,
        code: report.code,
        ...(report.code === 'internal' ? { stack: stackOf(error) } : {}),
      });
      await this.#pool.dropSource(id, source);
      // Closed rather than stopped by a person: the next opening goes on as if nothing had been.
      const closed = report.code === 'cancelled' && this.#stopped.get(source)?.() !== true;
      if (!closed && !this.#ending.signal.aborted) {
        this.#changeRow(id, { index: 'failed', problem: report });
        await this.#tell(id);
      }
      throw error;
    }
  }

  /** An index that can't be kept is built again next time; that is no reason to stop a review. */
  async #keepIndex(fingerprint: string, index: VideoIndex): Promise<void> {
    try {
      await this.#context.store.frameIndexes.write(fingerprint, index.encode());
    } catch (error) {
      this.#context.log.warn('a frame index could not be kept', { code: toErrorReport(error).code });
    }
  }

  #changeRow(id: VideoId, change: Partial<StoredVideo>): void {
    const { store } = this.#context;
    const before = videos.findVideo(store.database, id);
    if (before === null) return;
    const after = { ...before, ...change };
    if (!isDeepStrictEqual(before, after)) videos.updateVideo(store.database, after);
  }

  async #tell(id: VideoId): Promise<void> {
    this.#context.emit({ type: 'video', video: await this.show(this.find(id)) });
  }
}

const columnsOf = (facts: VideoFacts) => ({
  fingerprint: facts.fingerprint,
  streams: [...facts.streams],
  streamIndex: facts.streamIndex,
  sizeBytes: facts.sizeBytes,
  container: facts.container,
  codec: facts.codec,
  width: facts.width,
  height: facts.height,
  timeBase: facts.timeBase,
  durationSeconds: facts.durationSeconds,
  incomplete: facts.incomplete,
  playback: facts.playback,
});

export function locationOf(times: FrameTimes, index: FrameIndex): FrameLocation {
  const seconds = secondsOfFrame(times, index);
  return { index, pts: ticksOfFrame(times, index), seconds, timecode: formatTimecode(seconds) };
}

/** The frame that a person named by number, time or timecode. `#12` is frame 12. */
function frameNamed(times: FrameTimes, at: PlaceInVideo): FrameIndex {
  if ('index' in at) return checkFrameIndex(at.index, times.ticks.length);
  if ('seconds' in at) return frameAtSeconds(times, at.seconds);
  const number = /^\s*#\s*(\d{1,15})\s*$/.exec(at.timecode)?.[1];
  return number === undefined
    ? frameAtTimecode(times, at.timecode)
    : checkFrameIndex(Number(number), times.ticks.length);
}
