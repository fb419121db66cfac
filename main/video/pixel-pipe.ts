import type { Readable } from 'node:stream';

/** Reads raw frames from a pipe in which nothing tells where one ends. */
export class PixelPipe {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** Bytes that were read but belong to no frame yet. */
  #rest: Uint8Array = Buffer.alloc(0);
  readonly #usesAgain: boolean;
  #used: Buffer | null = null;

  /** @param usesAgain whether a frame is read into the memory of the one before, which nobody reads any more then */
  constructor(stream: Readable, usesAgain = false) {
    this.#stream = stream;
    this.#usesAgain = usesAgain;
    this.#chunks = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  }

  /** The next `bytes` bytes in a buffer, of their own unless it is used again; fewer when the pipe ends before. */
  async read(bytes: number): Promise<Buffer> {
    const frame = this.#used?.length === bytes ? this.#used : Buffer.allocUnsafeSlow(bytes);
    if (this.#usesAgain) this.#used = frame;
    let filled = 0;
    for (;;) {
      const part = this.#rest.subarray(0, bytes - filled);
      frame.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (filled === bytes) return frame;
      const chunk = await this.#chunks.next();
      if (chunk.done) return frame.subarray(0, filled);
      this.#rest = chunk.value;
    }
  }

  /** Puts bytes back that belong to later frames. */
  unread(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([bytes, this.#rest]);
  }

  /** Discards what nobody reads any more, because a process counts as ended only when its pipes have. */
  close(): void {
    this.#stream.destroy();
  }
}
