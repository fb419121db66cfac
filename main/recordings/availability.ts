import { contentOf } from '../../preload/contract/case-time.ts';
import type { Video } from '../../preload/contract/domain.ts';
import { toErrorReport, WorkstationError, type ErrorReport } from '../../preload/contract/errors.ts';
import type { VideoId } from '../../preload/contract/values.ts';
import { statFile } from '../files/index.ts';
import type { StoredVideo } from '../store/index.ts';
import { fingerprintFile } from '../video/index.ts';

/** Whether a video's file can be reviewed now and, if not, why. */
export interface Availability {
  availability: Video['availability'];
  problem: ErrorReport | null;
}

/** Checks whether the file of a video is still there and still holds what was reviewed. */
export class FileAvailability {
  /** Videos whose path was found to hold another file when it was opened, which its size alone need not show. */
  readonly #changed = new Set<VideoId>();
  /** Results for files that have become longer, kept because that check reads the file. `looked` is its path and size. */
  readonly #grown = new Map<VideoId, { looked: string; same: boolean }>();
  readonly #ending: AbortSignal;

  /** @param ending aborts a check that still reads a file when the workstation closes */
  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /** Remembers that the file at the video's path was found to be another one. */
  markChanged(id: VideoId): void {
    this.#changed.add(id);
  }

  /** Remembers that the file at the video's path was found to be the right one. */
  markUnchanged(id: VideoId): void {
    this.#changed.delete(id);
  }

  /** Checks the file now. It never throws: what keeps the file from being read is returned as the problem. */
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

  /** Whether a longer file still begins with all that was reviewed: then its recorder went on, and the review still holds. */
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
