import {
  eyeInWords,
  isSameEye,
  toErrorReport,
  type Answer,
  type CallsInContext,
  type Video,
  type VideoId,
} from '../../../preload/contract/index.ts';
import { recordingInWords } from './stream-option.ts';

/** A recording as scripts learn it beside what refers to it. */
export interface NamedRecording {
  id: VideoId;
  name: string;
  /** Which picture stream of its file it is, by the number that `--stream` takes; null if that is not known. */
  stream: number | null;
  streamTitle: string | null;
  /** In how many picture streams the file is to be reviewed, so that a reader knows whether `stream` is a choice. */
  streams: number;
}

/** The recordings that a list refers to. */
export class NamedRecordings {
  readonly #videos: ReadonlyMap<VideoId, Video>;

  private constructor(videos: ReadonlyMap<VideoId, Video>) {
    this.#videos = videos;
  }

  /** Looks each recording up once. One whose row is damaged is left out, because the list must be shown all the same. */
  static async of(calls: CallsInContext, ids: Iterable<VideoId>): Promise<NamedRecordings> {
    const videos = new Map<VideoId, Video>();
    for (const videoId of new Set(ids)) {
      try {
        videos.set(videoId, await calls.getVideo({ videoId }));
      } catch (error) {
        if (!['store-corrupt', 'not-found'].includes(toErrorReport(error).code)) throw error;
      }
    }
    return new NamedRecordings(videos);
  }

  /** "both.mkv, stream 1 (Room camera)"; the file alone where it has one stream. */
  inWords(id: VideoId, otherwise = 'a recording that can’t be read'): string {
    const video = this.#videos.get(id);
    return video === undefined ? otherwise : recordingInWords(video);
  }

  list(): NamedRecording[] {
    return [...this.#videos.values()].map(({ id, displayName, streams, streamIndex }) => ({
      id,
      name: displayName,
      stream: streamIndex,
      streamTitle: streams.find(({ index }) => index === streamIndex)?.title ?? null,
      streams: Math.max(1, streams.filter(({ isCover }) => !isCover).length),
    }));
  }
}

/**
 * Which eye the answers to a question are about. Null for the whole picture, which is what most recordings have, and where
 * its versions are about different eyes, so that each version must say it.
 */
export function eyeOfAll(answers: readonly Answer[]): string | null {
  const [first, ...others] = answers.flatMap(({ frame }) => frame ?? []);
  if (first?.eye === undefined || others.some(({ eye }) => !isSameEye(eye, first.eye))) return null;
  return eyeInWords(first.eye);
}

/** The eye of one version, where its question could not name one for all. */
export function eyeOfVersion(answer: Answer, answers: readonly Answer[]): string | null {
  const eyes = answers.flatMap(({ frame }) => frame ?? []).map(({ eye }) => eye);
  const differ = eyes.some((eye) => !isSameEye(eye, eyes[0]));
  return differ && answer.frame !== null ? eyeInWords(answer.frame.eye) : null;
}
