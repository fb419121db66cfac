import type { Readable } from 'node:stream';
import type { PictureStream, Video } from '../../preload/contract/domain.ts';
import type { FrameTimes } from '../../preload/contract/frames.ts';
import type { Sound } from '../../preload/contract/sound.ts';
import type { StereoEye } from '../../preload/contract/stereo.ts';
import type { Box, CaseId, FrameIndex, SessionId, TimeBase } from '../../preload/contract/values.ts';
import type { DecodedFrame, FrameRequest } from '../video/index.ts';

export type { DecodedFrame, FrameRequest } from '../video/index.ts';

/**
 * What this room needs of an open video, so that a test may pass one that fails on purpose. `openVideoFile` gives the
 * real one.
 */

/** What is known of a file as soon as it is opened, before its frames are counted. */
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
  /** Which eye of a stereo recording these facts describe; left out for the whole picture. */
  readonly eye?: StereoEye | null;
  /** Converts boxes on the coded picture, which earlier versions stored; null if that is the same as the displayed one. */
  readonly boxAsDisplayed: ((box: Box) => Box) | null;
  readonly timeBase: TimeBase;
  readonly durationSeconds: number | null;
  /** When the recording began by the file's own words, in milliseconds since the Unix epoch; null if it states no time. */
  readonly recordedAt: number | null;
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
  /** As in `VideoFacts`, decided again now that all frames are known. */
  readonly playback: VideoFacts['playback'];
  /** As in `VideoFacts`, decided again now that the whole file was read. */
  readonly incomplete: Video['incomplete'];
  /** As in `VideoFacts`, without streams that only continue the chosen one later in the file. */
  readonly streams: VideoFacts['streams'];
  /** Whether it was read from the store instead of being built. */
  readonly kept: boolean;
  /** The index as bytes for the store, which come back through `OpenRecordingOptions.readIndex`. */
  encode(): Uint8Array;
}

/** A video that is held open. Its frames are there once `indexed` has resolved. */
export interface Recording {
  readonly facts: VideoFacts;
  /**
   * Chooses the eye of a stereo recording that frames, streams and facts show from now on; null for the whole picture.
   * Returns whether this is a change.
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
    wishes: { withSound: boolean; signal: AbortSignal },
  ): Promise<{ contentType: string; stream: Readable }>;
  /** Whether its sound can be heard, and how. */
  sound(): Sound;
  dispose(): Promise<void>;
}

export interface OpenRecordingOptions {
  /** How many bytes of the file count, as it may have grown since it was reviewed. */
  readonly length?: number | undefined;
  /** The picture stream to open, by its index or by a stored fingerprint; the file's default if left out. */
  readonly stream?: number | { readonly of: string } | undefined;
  /** Finds an index that was kept from before; one that does not fit is built again. */
  readonly readIndex: (fingerprint: string) => Promise<Uint8Array | null>;
  /** Frames found so far, and how many are expected where that is known. */
  readonly onProgress: (done: number, total: number | null) => void;
  /** Aborts the building of the index. */
  readonly signal: AbortSignal;
}

/** Opens a file in place, and starts to build its index unless one was stored. Throws errors that are worded for people. */
export type OpenRecording = (path: string, options: OpenRecordingOptions) => Promise<Recording>;

/** How a person wants a file to be opened. */
export interface OpenWishes {
  /** The case to open it in; null for the case that knows the file, or else a new one. */
  caseId: CaseId | null;
  asNewCase?: boolean | undefined;
  /** The file's default where none is named. */
  streamIndex?: number | undefined;
  /** Set where a person adds the file to the case as a further recording, which they can undo in that session. */
  adding?: { sessionId: SessionId | null } | undefined;
}
