import { basename, resolve } from 'node:path';
import { contentOf } from '../../preload/contract/case-time.ts';
import type { Video } from '../../preload/contract/domain.ts';
import { toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import { checkFrameIndex, type FrameTimes } from '../../preload/contract/frames.ts';
import {
  frameAtPlace,
  locationOf,
  type FrameLocation,
  type PlaceInVideo,
} from '../../preload/contract/places.ts';
import type { CaseId, FrameIndex, VideoId } from '../../preload/contract/values.ts';
import { statFile } from '../files/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import {
  caseRecordings,
  cases,
  mustExist,
  presentCase,
  videos,
  type ChangeContext,
  type Log,
  type Store,
  type StoredVideo,
} from '../store/index.ts';
import { fingerprintFile, streamOfFingerprint } from '../video/index.ts';
import { fileChanged, FileAvailability } from './availability.ts';
import { FrameCounting } from './frame-counting.ts';
import { OpenRecordings } from './open-recordings.ts';
import type {
  DecodedFrame,
  FrameRequest,
  OpenRecording,
  OpenWishes,
  Recording,
  VideoFacts,
  VideoIndex,
} from './ports.ts';
import { VideoRows } from './video-rows.ts';

export interface VideoContext {
  store: Store;
  openVideo: OpenRecording;
  jobs: JobRegistry;
  emit: (event: WorkstationEvent) => void;
  now: () => number;
  newId: () => string;
  log: Log;
  /** Whether a path is that of a copy in the data folder. */
  isCopy: (path: string) => boolean;
}

type FileWishes = Pick<OpenWishes, 'caseId' | 'adding'> & {
  asNewCase: boolean;
  stream?: { index: number; of?: string } | undefined;
};

/** The videos of all cases: their stored rows, their files, and the recordings that are held open. */
export class VideoLibrary {
  readonly #context: VideoContext;
  readonly #open: OpenRecordings;
  readonly #counting: FrameCounting;
  readonly #files: FileAvailability;
  readonly #rows: VideoRows;
  readonly #ending = new AbortController();

  constructor(context: VideoContext) {
    this.#context = context;
    this.#rows = new VideoRows(context);
    this.#files = new FileAvailability(this.#ending.signal);
    this.#open = new OpenRecordings((error) =>
      context.log.warn('a video could not be closed', { code: toErrorReport(error).code }),
    );
    this.#counting = new FrameCounting({
      store: context.store,
      openVideo: context.openVideo,
      jobs: context.jobs,
      log: context.log,
      ending: this.#ending.signal,
      changeRow: (id, change) => this.#rows.change(id, change),
      tell: (id) => this.#tell(id),
      drop: (id, recording) => this.#open.dropRecording(id, recording),
    });
  }

  /**
   * Opens a file in place. Its content decides which video it is: a moved file is found again, a recording that has grown at
   * the same path is the same video with more frames, and a copy leads to the file that the case has, while that exists.
   * Without a case, the file joins the case that knows it, or else a new one; `asNewCase` makes a new one even if a case
   * knows it. Throws what `openVideo` throws.
   */
  async open(
    path: string,
    { caseId, asNewCase = false, streamIndex, adding }: OpenWishes,
    by: ChangeContext,
  ): Promise<StoredVideo> {
    const stream = streamIndex === undefined ? undefined : { index: streamIndex };
    return this.#openFile(path, { caseId, asNewCase, stream, adding }, by);
  }

  /** Opens another picture stream of a video's file as a video of the same case. Throws `invalid-input`, `file-changed`. */
  async openStream(id: VideoId, streamIndex: number, by: ChangeContext): Promise<StoredVideo> {
    const { path, caseId, fingerprint } = this.find(id);
    const stream = { index: streamIndex, of: fingerprint };
    return this.#openFile(path, { caseId, asNewCase: false, stream }, by);
  }

  async #openFile(
    path: string,
    { caseId: wanted, asNewCase, stream, adding }: FileWishes,
    by: ChangeContext,
  ): Promise<StoredVideo> {
    const { store } = this.#context;
    const whole = resolve(path);
    await statFile(whole);
    if (wanted !== null) presentCase(store.database, wanted);
    const recording = await this.#counting.open(whole, basename(whole), stream?.index);
    try {
      if (stream?.of !== undefined && contentOf(recording.facts.fingerprint) !== contentOf(stream.of)) {
        throw fileChanged(basename(whole));
      }
      const caseId =
        wanted ?? (asNewCase ? null : this.#caseOfOtherStream(recording.facts.fingerprint, whole));
      // A file that would continue an earlier case is refused while that case lies in the bin.
      if (caseId !== null) presentCase(store.database, caseId);
      else if (!asNewCase) this.#mustNotBeInBin(recording.facts.fingerprint, whole);
      const kept = asNewCase ? null : await this.#keptElsewhere(recording.facts.fingerprint, whole, caseId);
      if (kept !== null) {
        const again = { ...kept, openedAt: this.#context.now(), recent: true };
        store.database.transaction(() => {
          this.#rows.putInCase(again, adding, by);
          videos.updateVideo(store.database, again);
        });
        await recording.dispose();
        return again;
      }
      const grown = asNewCase ? null : await this.#grownInto(recording.facts, whole, caseId);
      // A case holds the same content only once, so opening it again in a case means the video that is there.
      const known = (): StoredVideo | null =>
        caseId === null && asNewCase
          ? null
          : (this.knownAs(recording.facts.fingerprint, whole, caseId)[0] ?? null);
      const video = this.#rows.write(recording.facts, whole, { caseId, known, grown, adding, by });
      this.#rows.takeDisplay(video.id, recording.facts);
      this.#files.markUnchanged(video.id);
      const open = await this.#open.put(
        video,
        recording,
        (held) => held.facts.fingerprint === video.fingerprint && this.#counting.isBusy(held),
      );
      void this.#counting.index(video.id, open);
      return video;
    } catch (error) {
      await recording.dispose();
      throw error;
    }
  }

  /** Refuses a file whose case lies in the bin, so that it does not silently start a second review beside that one. */
  #mustNotBeInBin(fingerprint: string, whole: string): void {
    const [known] = this.knownAs(fingerprint, whole);
    if (known !== undefined) presentCase(this.#context.store.database, known.caseId);
  }

  #isInBin({ caseId }: StoredVideo): boolean {
    return cases.findPresentCase(this.#context.store.database, caseId) === null;
  }

  /** Puts videos whose case is not in the bin first, and within both groups the one at this very path. */
  #inOrder(found: StoredVideo[], whole: string): StoredVideo[] {
    const rank = (video: StoredVideo): number =>
      Number(!this.#isInBin(video)) * 2 + Number(video.path === whole);
    return found.sort((one, other) => rank(other) - rank(one));
  }

  /** If this stream is in no case yet, the case of another stream of its file, since both were recorded together. */
  #caseOfOtherStream(fingerprint: string, whole: string): CaseId | null {
    if (this.knownAs(fingerprint, whole).length > 0) return null;
    return this.knownAsContent(contentOf(fingerprint), whole)[0]?.caseId ?? null;
  }

  /** Videos of this content, whichever their picture stream: the one at this very path first, then the one opened last. */
  knownAsContent(content: string, whole: string): StoredVideo[] {
    const found = videos.findVideosOfContent(this.#context.store.database, content);
    return this.#inOrder(found, whole);
  }

  /** Videos of this content and picture stream, in the same order. */
  knownAs(fingerprint: string, whole: string, caseId: CaseId | null = null): StoredVideo[] {
    const found = videos
      .findVideosByFingerprint(this.#context.store.database, fingerprint)
      .filter((video) => caseId === null || video.caseId === caseId);
    return this.#inOrder(found, whole);
  }

  /** The video of this content at another path, if its file is still there: a review does not move to a copy. */
  async #keptElsewhere(
    fingerprint: string,
    whole: string,
    caseId: CaseId | null,
  ): Promise<StoredVideo | null> {
    const known = this.knownAs(fingerprint, whole, caseId)[0];
    if (known === undefined || known.path === whole) return null;
    return (await this.availability(known)) === 'available' ? known : null;
  }

  /**
   * Videos that were reviewed while the file at their path was shorter, and whose bytes it still begins with: the recording
   * has gone on since. Throws `file-missing`, `file-unreadable`, `cancelled`.
   */
  async grownAt(whole: string, signal: AbortSignal = this.#ending.signal): Promise<StoredVideo[]> {
    const { size } = await statFile(whole);
    const grown: StoredVideo[] = [];
    for (const video of videos.findVideosByPath(this.#context.store.database, whole)) {
      const { sizeBytes, fingerprint } = video;
      if (sizeBytes === 0 || sizeBytes >= size) continue;
      const beginning = await fingerprintFile(whole, signal, sizeBytes);
      if (beginning === contentOf(fingerprint)) grown.push(video);
    }
    return grown;
  }

  /** The video of this picture stream from when the recording was shorter; null if the file is known in its present length. */
  async #grownInto(
    { fingerprint }: VideoFacts,
    whole: string,
    caseId: CaseId | null,
  ): Promise<StoredVideo | null> {
    if (this.knownAs(fingerprint, whole, caseId).length > 0) return null;
    const stream = streamOfFingerprint(fingerprint);
    const grown = await this.grownAt(whole);
    return (
      grown.find(
        (video) =>
          !this.#isInBin(video) &&
          (caseId === null || video.caseId === caseId) &&
          streamOfFingerprint(video.fingerprint) === stream,
      ) ?? null
    );
  }

  /** See `VideoRows.mustBeInCase`. */
  mustBeInCase(video: StoredVideo): void {
    this.#rows.mustBeInCase(video);
  }

  find(id: VideoId): StoredVideo {
    return mustExist(videos.findVideo(this.#context.store.database, id), 'video');
  }

  /** A video as windows see it: without its path, which they never learn. */
  async show(stored: StoredVideo): Promise<Video> {
    const { path, recent: _recent, ...video } = stored;
    const choices = caseRecordings.choicesOfRecording(this.#context.store.database, stored.id);
    const { availability, problem } = await this.#files.of(stored);
    const copied = this.#context.isCopy(path);
    return { ...video, availability, problem: problem ?? video.problem, copied, ...choices };
  }

  /** Opens the file so that its frames are ready. Returns the video even if that fails, with the reason as its problem. */
  async prepare(stored: StoredVideo): Promise<Video> {
    try {
      await this.recording(stored.id);
    } catch (error) {
      const shown = await this.show(this.find(stored.id));
      return { ...shown, problem: toErrorReport(error) };
    }
    return this.show(this.find(stored.id));
  }

  /** The open recording of a video. Throws `file-missing`, `file-changed` and what opening throws. */
  async recording(id: VideoId): Promise<Recording> {
    const video = this.find(id);
    try {
      const recording = await this.#open.get(video, async () => {
        await statFile(video.path);
        const stream = { of: video.fingerprint };
        return this.#counting.open(video.path, video.displayName, stream, video.sizeBytes);
      });
      this.#files.markUnchanged(id);
      this.#rows.takeDisplay(id, recording.facts);
      this.#takeEye(id, recording);
      void this.#counting.index(id, recording);
      return recording;
    } catch (error) {
      if (error instanceof WorkstationError && error.code === 'file-changed') this.#files.markChanged(id);
      throw error;
    }
  }

  /** Makes an open recording show the eye that is chosen now, since the choice may have been made or undone elsewhere. */
  #takeEye(id: VideoId, recording: Recording): void {
    const changed = recording.useEye(caseRecordings.eyeOfRecording(this.#context.store.database, id));
    const { width, height, playback } = recording.facts;
    if (changed) this.#rows.change(id, { width, height, playback });
  }

  /** Tells every window how a recording is shown, after the choice of its eye may have changed. */
  async eyeChosen(id: VideoId): Promise<void> {
    // The video of a missing file keeps its last known size until the file can be opened again.
    await this.recording(id).catch(() => null);
    await this.#tell(id);
  }

  /** The frame index of a video, for which it waits while it is being built. */
  async index(id: VideoId): Promise<VideoIndex> {
    return this.#counting.index(id, await this.recording(id));
  }

  /**
   * Decodes one exact frame, once the index is built. If the file turns out to be missing or another one, every window is
   * told, so that it can offer to locate the file.
   */
  async frame(
    id: VideoId,
    index: FrameIndex,
    request: FrameRequest,
  ): Promise<{ frame: DecodedFrame; times: FrameTimes; facts: VideoFacts }> {
    try {
      const { times } = await this.index(id);
      const recording = await this.recording(id);
      checkFrameIndex(index, times.ticks.length);
      return { frame: await recording.frame(index, request), times, facts: recording.facts };
    } catch (error) {
      const { code } = toErrorReport(error);
      if (code === 'file-changed') this.#files.markChanged(id);
      if (code === 'file-missing' || code === 'file-changed' || code === 'file-unreadable')
        await this.#tell(id);
      throw error;
    }
  }

  async locate(id: VideoId, at: PlaceInVideo): Promise<FrameLocation> {
    const { times } = await this.index(id);
    return locationOf(times, frameAtPlace(times, at));
  }

  /**
   * Points a video to the new path of its file. Throws `file-changed` if the content differs. While the old file is still
   * there the video keeps it, since the file at the new path is then only a copy.
   */
  async relink(id: VideoId, path: string): Promise<Video> {
    const { store, now } = this.#context;
    const video = this.find(id);
    const whole = resolve(path);
    await statFile(whole);
    const as = { of: video.fingerprint };
    const recording = await this.#counting.open(whole, basename(whole), as, video.sizeBytes);
    try {
      if (recording.facts.fingerprint !== video.fingerprint) throw fileChanged(basename(whole));
      if (video.path !== whole && (await this.availability(video)) === 'available') {
        await recording.dispose();
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
      this.#files.markUnchanged(id);
      void this.#counting.index(id, await this.#open.put(moved, recording, this.#counting.isBusy));
    } catch (error) {
      await recording.dispose();
      throw error;
    }
    await this.#tell(id);
    return this.show(this.find(id));
  }

  /** Availability by id. A video whose row can't be read counts as `missing`, so that a list of many does not fail by it. */
  async look(id: VideoId): Promise<Video['availability']> {
    try {
      return await this.availability(this.find(id));
    } catch (error) {
      if (toErrorReport(error).code === 'store-corrupt') return 'missing';
      throw error;
    }
  }

  async availability(video: StoredVideo): Promise<Video['availability']> {
    return (await this.#files.of(video)).availability;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#open.close();
  }

  async #tell(id: VideoId): Promise<void> {
    this.#context.emit({ type: 'video', video: await this.show(this.find(id)) });
  }
}
