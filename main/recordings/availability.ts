import type { Video } from '../../preload/contract/domain.ts';
import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import type { VideoId } from '../../preload/contract/values.ts';
import { statFile } from '../files/index.ts';
import type { StoredVideo } from '../store/index.ts';
import { contentOf, fingerprintFile } from '../video/index.ts';

/** What a look at a video's file shows, and what is wrong with it. */
export interface Availability {
  availability: Video['availability'];
  problem: ErrorReport | null;
}

/** Tells whether the files of videos are there, and still those that were reviewed. */
export class FileAvailability {
  /** Videos whose path holds another file, found when it was opened. */
  readonly #changed = new Set<VideoId>();
  /** What a look at a file that is longer than it was has shown. */
  readonly #grown = new Map<VideoId, { looked: string; same: boolean }>();
  readonly #ending: AbortSignal;

  /** @param ending Ends looks that read a whole file. */
  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /** The file at the video's path was found to be another one. */
  markChanged(id: VideoId): void {
    this.#changed.add(id);
  }

  /** The file at the video's path was found to be the right one. */
  markUnchanged(id: VideoId): void {
    this.#changed.delete(id);
  }

  /** Looks at the file. It never throws: what keeps it from being read is the problem. */
  async of(video: StoredVideo): Promise<Availability> {
    try {
      const { size } = await statFile(video.path);
      const same =
        size === video.sizeBytes || (size > video.sizeBytes && (await this.#hasGrown(video, size)));
      if (same && !this.#changed.has(video.id)) return { availability: 'available', problem: null };
      return { availability: 'changed', problem: fileChanged(video.displayName).toReport() };
    } catch (error) {
      return { availability: 'missing', problem: toErrorReport(error) };
    }
  }

  /** Whether a longer file begins with all that was reviewed: then that part is the video still. */
  async #hasGrown(video: StoredVideo, size: number): Promise<boolean> {
    const looked = `${video.path} ${size}`;
    const known = this.#grown.get(video.id);
    if (known?.looked === looked) return known.same;
    const content = await fingerprintFile(video.path, this.#ending, video.sizeBytes);
    const same = video.sizeBytes > 0 && content === contentOf(video.fingerprint);
    this.#grown.set(video.id, { looked, same });
    return same;
  }
}

export const fileChanged = (name: string): WorkstationError =>
  new WorkstationError(
    'file-changed',
    `The file ${name} is not the one that was reviewed: its content is different.`,
    'Put the original file back, or say where it lies now. To review the new file, open it as a video of its own.',
  );
