import { basename, resolve } from 'node:path';
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
import { contentOf, fingerprintFile, streamOfFingerprint } from '../video/index.ts';
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

/** The videos of all cases: their rows, their files, and those held open. */
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
   * Opens a file in place. The same content is the same video wherever it lies: a moved file is found again, a recording that
   * has gone on at the same place is the same one with more frames, and a copy
   * goes on with the file that the case has, as long as it has one. Without a case it joins the one that it is in already,
   * else a new one; `asNewCase`: a new one in any case. Throws what `openVideo` throws.
   */
  async open(
    path: string,
    { caseId, asNewCase = false, streamIndex, adding }: OpenWishes,
    by: ChangeContext,
  ): Promise<StoredVideo> {
    const stream = streamIndex === undefined ? undefined : { index: streamIndex };
    return this.#openFile(path, { caseId, asNewCase, stream, adding }, by);
  }

  /** Another picture stream of a video's file, as a video of the same case. Throws `invalid-input`, `file-changed`. */
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
      // One that goes on with a case of before is refused while that lies in the bin.
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
      // A case has a content once: in one that is named, the video that is there is meant.
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

  /** Refuses a recording that one would go on with, were its case not in the bin. */
  #mustNotBeInBin(fingerprint: string, whole: string): void {
    const [known] = this.knownAs(fingerprint, whole);
    if (known !== undefined) presentCase(this.#context.store.database, known.caseId);
  }

  #isInBin({ caseId }: StoredVideo): boolean {
    return cases.findPresentCase(this.#context.store.database, caseId) === null;
  }

  /** Those whose case is not in the bin before the others; of each, that of this very place before the others. */
  #inOrder(found: StoredVideo[], whole: string): StoredVideo[] {
    const rank = (video: StoredVideo): number =>
      Number(!this.#isInBin(video)) * 2 + Number(video.path === whole);
    return found.sort((one, other) => rank(other) - rank(one));
  }

  /** The case of another picture stream of the same file, where this one is in no case yet: they were recorded together. */
  #caseOfOtherStream(fingerprint: string, whole: string): CaseId | null {
    if (this.knownAs(fingerprint, whole).length > 0) return null;
    return this.knownAsContent(contentOf(fingerprint), whole)[0]?.caseId ?? null;
  }

  /** Videos of this content, whichever of its picture streams, that of this very place first, then the one opened last. */
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

  /** The video, of this picture stream, that the file's recording was when it was last reviewed; null where it is known as it is. */
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

  /** As the window sees it, without its path. */
  async show(stored: StoredVideo): Promise<Video> {
    const { path, recent: _recent, ...video } = stored;
    const eye = caseRecordings.eyeOfRecording(this.#context.store.database, stored.id);
    const { availability, problem } = await this.#files.of(stored);
    const copied = this.#context.isCopy(path);
    return { ...video, availability, problem: problem ?? video.problem, copied, ...(eye && { eye }) };
  }

  /** Opens the file if it can be, so that its frames are at hand, and shows the video either way. */
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

  /** From a choice on, or its undoing, wherever it was made, every frame and stream is of that eye, and boxes are in its pixels. */
  #takeEye(id: VideoId, recording: Recording): void {
    const changed = recording.useEye(caseRecordings.eyeOfRecording(this.#context.store.database, id));
    const { width, height, playback } = recording.facts;
    if (changed) this.#rows.change(id, { width, height, playback });
  }

  /** Which eye of a recording is reviewed may be another one now: every window is told how it is shown. */
  async eyeChosen(id: VideoId): Promise<void> {
    // A file that is away keeps the size that it had; it is looked at anew when it is there again.
    await this.recording(id).catch(() => null);
    await this.#tell(id);
  }

  /** Waits for the index where it is being built. */
  async index(id: VideoId): Promise<VideoIndex> {
    return this.#counting.index(id, await this.recording(id));
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
   * Says where a file lies now. Refused with `file-changed` unless the content is the same. A file that is still where it
   * was stays the video's own: another place of the same content is a copy.
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
