import type { Readable } from 'node:stream';
import type { MediaTools } from './ffmpeg.ts';
import { linesOf } from './process.ts';
import type { TimeBase } from '../../preload/contract/values.ts';

/**
 * One decoded frame as ffmpeg's `framecrc` writes it: a line in a pipe that carries nothing else. (Standard error would
 * tell more, but a decoder's message can land inside a line there, and every later number is then off by one.)
 */
export interface ListedFrame {
  /** Presentation time in ticks of the stream's time base. */
  readonly pts: number;
  /** Bytes of the frame's planes without padding. */
  readonly bytes: number;
  /** Adler-32 over those bytes: tells two frames apart whatever their timestamps claim. */
  readonly checksum: number;
}

const linePattern = /^0, *-?\d+, *(-?\d+), *-?\d+, *(\d+), *0x([0-9a-f]{8})/;

/** Reads one line; null for those that describe the stream. */
export function parseListedFrame(line: string): ListedFrame | null {
  const match = linePattern.exec(line);
  if (!match) return null;
  const [, pts, bytes, checksum] = match as unknown as [string, string, string, string];
  return { pts: Number(pts), bytes: Number(bytes), checksum: Number.parseInt(checksum, 16) };
}

/**
 * Raw frames are written with one thread. One that waits for a thread of its own keeps its memory meanwhile, so that the decoder
 * takes other memory for the pictures after it; and where a damaged file leaves a part of a picture undecoded, some decoders
 * leave there what that memory held.
 */
export const rawFrames = ['-c:v', 'rawvideo', '-threads', '1'] as const;

/** ffmpeg's arguments for an output that lists the frames of a filter's `label` into pipe `pipe`, each at once. */
export function listOutput(tools: MediaTools, timeBase: TimeBase, label: string, pipe: number): string[] {
  return [
    ...['-map', `[${label}]`, ...tools.everyFrame, ...rawFrames],
    ...['-enc_time_base', timeBase.join(':'), '-flush_packets', '1', '-f', 'framecrc', `pipe:${pipe}`],
  ];
}

/** The frames listed in a pipe, in order. */
export async function* listedFrames(stream: Readable): AsyncGenerator<ListedFrame> {
  for await (const line of linesOf(stream)) {
    const frame = parseListedFrame(line);
    if (frame) yield frame;
  }
}

/** A list that is read while it arrives. */
export class FrameList {
  readonly #arrived: ListedFrame[] = [];
  readonly #waiting = new Set<() => void>();
  #taken = 0;
  #ended = false;
  /** Resolves when no more frames can come. */
  readonly done: Promise<void>;

  constructor(stream: Readable) {
    this.done = this.#collect(stream);
  }

  /** The next frame, without taking it; undefined when the list has ended. */
  async peek(): Promise<ListedFrame | undefined> {
    while (this.#arrived.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return this.#arrived[0];
  }

  async next(): Promise<ListedFrame | undefined> {
    const frame = await this.peek();
    if (frame) {
      this.#arrived.shift();
      this.#taken++;
    }
    return frame;
  }

  /** Takes the frames up to and with the time `pts`, of rising ones, and tells how many have been taken by now. */
  async countUpTo(pts: number): Promise<number> {
    for (let frame = await this.peek(); frame && frame.pts <= pts; frame = await this.peek()) {
      await this.next();
      if (frame.pts === pts) break;
    }
    return this.#taken;
  }

  async #collect(stream: Readable): Promise<void> {
    try {
      for await (const frame of listedFrames(stream)) {
        this.#arrived.push(frame);
        this.#wake();
      }
    } finally {
      this.#ended = true;
      this.#wake();
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
