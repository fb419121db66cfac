import type { Readable } from 'node:stream';
import type {
  AnswerId,
  AnswerStatus,
  Box,
  FrameIndex,
  ModelState,
  OpenSession,
  VideoId,
  WorkstationCalls,
  WorkstationEvent,
} from '../../preload/contract/index.ts';

/** A file that the person has picked, by the id that stands for it. */
export interface Grant {
  grantId: string;
  name: string;
}

/** One decoded frame: `rgb` is height x width x 3 bytes, row by row. */
export interface FramePixels {
  index: number;
  pts: number;
  hash: string;
  width: number;
  height: number;
  rgb: Uint8Array;
}

export interface ByteStream {
  headers: Readonly<Record<string, string>>;
  stream: Readable;
}

/** Pixels and streams, which the loopback server hands to the window. Failures are WorkstationErrors. */
export interface HostedMedia {
  frame: (videoId: VideoId, index: FrameIndex, signal: AbortSignal) => Promise<FramePixels>;
  /** `range` is the request's Range header; the status is 200, 206 or 416. */
  byteRange: (videoId: VideoId, range: string | undefined) => Promise<ByteStream & { status: number }>;
  transcoded: (videoId: VideoId, startSeconds: number, signal: AbortSignal) => Promise<ByteStream>;
  thumbnail: (
    videoId: VideoId,
    index: FrameIndex,
    width: number,
    signal: AbortSignal,
  ) => Promise<{ jpeg: Uint8Array }>;
  still: (answerId: AnswerId) => Promise<{ png: Uint8Array }>;
}

/** What a host with a window needs of the workstation; `main/workstation.ts` answers it. */
export interface HostedWorkstation {
  readonly calls: WorkstationCalls;
  readonly media: HostedMedia;
  /** Returns the function that ends the listening. */
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  grantPath: (path: string) => Promise<Grant>;
  /** A dropped file, found by name and size where the workstation may read; null if it isn't there. */
  findDropped: (file: { name: string; size: number }) => Promise<Grant | null>;
  /** Copies a dropped file that lies nowhere that the workstation may read. */
  importStream: (name: string, content: Readable, signal: AbortSignal) => Promise<Grant>;
  dispose: () => Promise<void>;
}

export interface VideoFacts {
  frames: number;
  width: number;
  height: number;
  codec: string;
  container: string;
  timeBase: readonly [number, number];
  variableFrameRate: boolean;
  durationSeconds: number | null;
}

/** An answer to a picture that belongs to no video and is kept nowhere: for measuring a model. */
export interface ImageAnswer {
  status: AnswerStatus;
  label: string | null;
  /** In pixels of the picture. */
  box: Box | null;
}

/** What the command line needs besides. */
export interface CommandLineWorkstation extends HostedWorkstation {
  /** The case that comes along, with the bundled clip. */
  openDemonstration: () => Promise<OpenSession>;
  inspectVideo: (path: string, signal?: AbortSignal) => Promise<VideoFacts>;
  extractFrame: (path: string, index: number, signal?: AbortSignal) => Promise<FramePixels>;
  /** A model outside the data folder: an imported one, or a checkpoint. */
  loadModelFolder: (folder: string) => Promise<ModelState>;
  askImage: (
    image: { rgb: Uint8Array; width: number; height: number; hash: string },
    question: string,
    signal?: AbortSignal,
  ) => Promise<ImageAnswer>;
}
