import { mostJoins } from '../../preload/contract/domain.ts';
import { stackOf, toErrorReport } from '../../preload/contract/errors.ts';
import { clockJoins, durationSeconds } from '../../preload/contract/frames.ts';
import type { VideoId } from '../../preload/contract/values.ts';
import type { JobRegistry, RunningJob } from '../jobs/index.ts';
import type { Log } from '../platform/log.ts';
import type { Store, StoredVideo } from '../store/index.ts';
import type { OpenRecording, OpenRecordingOptions, Recording, VideoIndex } from './ports.ts';
import { columnsOf } from './video-columns.ts';

export interface FrameCountingOptions {
  store: Store;
  openVideo: OpenRecording;
  jobs: JobRegistry;
  log: Log;
  /** Ends the counting with the workstation. */
  ending: AbortSignal;
  /** Changes the stored row of a video. */
  changeRow: (id: VideoId, change: Partial<StoredVideo>) => void;
  /** Sends the present state of the video to every window. */
  tell: (id: VideoId) => Promise<void>;
  /** Closes a recording whose frames can't be counted. */
  drop: (id: VideoId, recording: Recording) => Promise<void>;
}

/** Opens recordings, counts their frames in a background job, and stores the frame index so that it is built only once. */
export class FrameCounting {
  readonly #options: FrameCountingOptions;
  readonly #watched = new WeakMap<Recording, Promise<VideoIndex>>();
  /** Whether a person stopped the counting of a recording's frames. */
  readonly #stopped = new WeakMap<Recording, () => boolean>();
  readonly #busy = new WeakSet<Recording>();

  constructor(options: FrameCountingOptions) {
    this.#options = options;
  }

  /** Whether a recording's frames are being counted. */
  readonly isBusy = (recording: Recording): boolean => this.#busy.has(recording);

  /** Opens a file and starts counting. The job appears with the first progress, so that a stored index shows none. */
  async open(
    path: string,
    name: string,
    stream?: OpenRecordingOptions['stream'],
    length?: number,
  ): Promise<Recording> {
    const { openVideo, store, jobs, ending } = this.#options;
    const stopping = new AbortController();
    let job: RunningJob | null = null;
    const recording = await openVideo(path, {
      stream,
      length,
      signal: AbortSignal.any([stopping.signal, ending]),
      readIndex: (fingerprint) => store.frameIndexes.read(fingerprint),
      onProgress: (done, total) => {
        if (job === null) {
          job = jobs.start('index', `Counting the frames of ${name}`, { total });
          job.signal.addEventListener('abort', () => stopping.abort(), { once: true });
        }
        job.progress(done, total);
      },
    });
    this.#busy.add(recording);
    // The job ends here and not in `index`, because a recording may be closed before anyone waits for its index.
    recording.indexed().then(
      () => {
        this.#busy.delete(recording);
        job?.finish();
      },
      (error: unknown) => {
        this.#busy.delete(recording);
        if (toErrorReport(error).code === 'cancelled') job?.cancelled();
        else job?.fail(error);
      },
    );
    this.#stopped.set(recording, () => job?.signal.aborted === true);
    return recording;
  }

  /** Resolves with the frame index. The first call for a recording also stores it and tells every window once it is complete. */
  index(id: VideoId, recording: Recording): Promise<VideoIndex> {
    const watched = this.#watched.get(recording);
    if (watched !== undefined) return watched;
    const done = this.#finish(id, recording);
    this.#watched.set(recording, done);
    // Whoever waits gets the failure. With nobody waiting it is not unhandled, because the video's `problem` states it.
    done.catch(() => undefined);
    return done;
  }

  async #finish(id: VideoId, recording: Recording): Promise<VideoIndex> {
    const { log, changeRow, tell, drop, ending } = this.#options;
    try {
      const index = await recording.indexed();
      if (!index.kept) await this.#keep(recording.facts.fingerprint, index);
      changeRow(id, {
        // The file's own facts replace what a damaged row may have lost.
        ...columnsOf(recording.facts),
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
      await tell(id);
      return index;
    } catch (error) {
      const report = toErrorReport(error);
      log.warn('a frame index could not be built', {
        video: id,
        code: report.code,
        ...(report.code === 'internal' ? { stack: stackOf(error) } : {}),
      });
      await drop(id, recording);
      // Counting that ended because the recording was closed is no failure: the next opening starts it again.
      const closed = report.code === 'cancelled' && this.#stopped.get(recording)?.() !== true;
      if (!closed && !ending.aborted) {
        changeRow(id, { index: 'failed', problem: report });
        await tell(id);
      }
      throw error;
    }
  }

  /** Stores the index. A failure is only logged: the index is built again next time, and the review goes on. */
  async #keep(fingerprint: string, index: VideoIndex): Promise<void> {
    try {
      await this.#options.store.frameIndexes.write(fingerprint, index.encode());
    } catch (error) {
      this.#options.log.warn('a frame index could not be kept', { code: toErrorReport(error).code });
    }
  }
}
