import type { Readable } from 'node:stream';
import type { PictureStream, Video } from '../../preload/contract/domain.ts';
import type { FrameTimes } from '../../preload/contract/frames.ts';
import type { StereoEye } from '../../preload/contract/stereo.ts';
import type { Box, CaseId, FrameIndex, SessionId, TimeBase } from '../../preload/contract/values.ts';
import type { DecodedFrame, FrameRequest } from '../video/index.ts';

export type { DecodedFrame, FrameRequest } from '../video/index.ts';

/**
 * What this room needs of a video that is held open. `openVideoFile` gives the real one; a test may give one that fails
 * on purpose.
 */

/** What a look at a file says of it, before its frames are counted. */
export interface VideoFacts {
  readonly fingerprint: string;
  /** The picture streams of a file that has several. */
  readonly streams: readonly PictureStream[];
  readonly streamIndex: number;
  readonly sizeBytes: number;
  readonly container: string;
  readonly codec: string;
  /** Of the picture as displayed. */
  readonly width: number;
  readonly height: number;
  /** The eye of a stereo recording that it is of; the whole picture where it is left out. */
  readonly eye?: StereoEye | null;
  /** For boxes found on the picture as coded, as answers of earlier versions were; null where that is the displayed one. */
  readonly boxAsDisplayed: ((box: Box) => Box) | null;
  readonly timeBase: TimeBase;
  readonly durationSeconds: number | null;
  /** What of the recording is missing, as far as it is known before its frames are counted. */
  readonly incomplete: Video['incomplete'];
  /** Whether a browser plays the file itself. */
  readonly playback: 'native' | 'transcoded';
  /** What decodes its frames, with its version. */
  readonly decoder: string;
}

/** What the counting of a video's frames has found. */
export interface VideoIndex {
  readonly times: FrameTimes;
  readonly variableFrameRate: boolean;
  /** As `VideoFacts` says it, with the frames known. */
  readonly playback: VideoFacts['playback'];
  /** As `VideoFacts` says it, after a longer look. */
  readonly incomplete: Video['incomplete'];
  /** As `VideoFacts` says it, without those in which the chosen one goes on later. */
  readonly streams: VideoFacts['streams'];
  /** True when it was read rather than built. */
  readonly kept: boolean;
  /** For keeping; comes back through `OpenRecordingOptions.readIndex`. */
  encode(): Uint8Array;
}

/** A video that is held open. Its frames are there once `indexed` has resolved. */
export interface Recording {
  readonly facts: VideoFacts;
  /**
   * Which eye of a stereo recording frames, streams and facts are of from now on; null: the whole picture. Returns whether that is
   * another one than before.
   */
  useEye(eye: StereoEye | null): boolean;
  /** Resolves with the index; the same promise for every caller. */
  indexed(): Promise<VideoIndex>;
  /** Throws `frame-out-of-range`, `file-changed`, `ffmpeg-failed`, `unavailable` before the index. */
  frame(index: FrameIndex, request?: FrameRequest): Promise<DecodedFrame>;
  /** The last key frame at or before `index`. Throws `unavailable` before the index. */
  keyFrameBefore(index: number): FrameIndex;
  /** The file itself, for a player; `range` is a request's Range header. Throws `file-missing`, `file-changed`. */
  byteRange(range: string | undefined): Promise<{
    status: number;
    headers: Readonly<Record<string, string>>;
    /** Null where the range is outside of the file. */
    stream: Readable | null;
  }>;
  /** The video from `startSeconds` on as browsers play it, until the signal. Throws `unavailable` before the index. */
  transcodedStream(
    startSeconds: number,
    signal: AbortSignal,
  ): Promise<{ contentType: string; stream: Readable }>;
  dispose(): Promise<void>;
}

export interface OpenRecordingOptions {
  /** Bytes of the file that count, of one that has grown since. */
  readonly length?: number | undefined;
  /** Which picture stream: one by its index, or that of a stored fingerprint; the file's default where neither is said. */
  readonly stream?: number | { readonly of: string } | undefined;
  /** Finds an index that was kept from before; one that does not fit is built again. */
  readonly readIndex: (fingerprint: string) => Promise<Uint8Array | null>;
  /** Frames found so far, and how many are expected where that is known. */
  readonly onProgress: (done: number, total: number | null) => void;
  /** Ends the building of the index. */
  readonly signal: AbortSignal;
}

/** Opens the file in place, and starts on its index where none was kept. Throws what a person must know. */
export type OpenRecording = (path: string, options: OpenRecordingOptions) => Promise<Recording>;

/** How a person wants a file to be opened. */
export interface OpenWishes {
  /** Null: the case that it is in already, else a new one. */
  caseId: CaseId | null;
  asNewCase?: boolean | undefined;
  /** The file's default where none is named. */
  streamIndex?: number | undefined;
  /** A person adds it to the case as a further recording, in a session or in none, and can undo that. */
  adding?: { sessionId: SessionId | null } | undefined;
}
