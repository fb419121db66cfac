import { createCanvas, type Canvas } from '@napi-rs/canvas';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorReport, WorkstationError } from '../../preload/contract/errors.ts';
import type { CaseId } from '../../preload/contract/values.ts';
import { systemCode } from '../platform/file-errors.ts';
import { putPicture } from '../platform/picture.ts';
import type { DecodedFrame } from '../recordings/index.ts';
import { keptPictures, type Log, type Store } from '../store/index.ts';

/** WebP quality from 0 to 100. A frame of 1280 x 1024 takes 70 to 120 kB, and shows no difference at full size. */
const quality = 85;
/** In pixels; a larger picture is made smaller, as it is for looking at and not for measuring. */
const longestSide = 1920;
/** How many frames may wait to be encoded, as each holds its pixels. The model's turn gives those left out another chance. */
const mostWaiting = 8;

export interface KeptPicturesContext {
  store: Pick<Store, 'database' | 'layout'>;
  now: () => number;
  log: Log;
}

/**
 * Keeps one picture of every frame that was asked about as a file in the data folder, so that an answer can be read while
 * its video is missing. The frame's hash names it, but it is compressed: it is for looking at, never for asking again.
 */
export class KeptPictures {
  readonly #context: KeptPicturesContext;
  /** Hashes of the frames that are being kept. */
  readonly #keeping = new Map<string, Promise<void>>();
  #last: Promise<void> = Promise.resolve();

  constructor(context: KeptPicturesContext) {
    this.#context = context;
  }

  /** Starts to keep a frame's picture unless it is kept already. Failures are only logged, since no answer depends on it. */
  keep(frame: Pick<DecodedFrame, 'hash' | 'width' | 'height' | 'rgb'>): void {
    const { store, log } = this.#context;
    if (this.#keeping.has(frame.hash) || this.#keeping.size >= mostWaiting) return;
    try {
      if (keptPictures.findKeptPicture(store.database, frame.hash) !== null) return;
      // Drawn at once, because the pixels may be handed over to the engine's process afterwards.
      const canvas = drawn(frame);
      const kept = this.#last
        .then(() => this.#write(frame.hash, canvas))
        .catch((error: unknown) => {
          log.warn('the picture of a frame was not kept', { code: toErrorReport(error).code });
        })
        .finally(() => this.#keeping.delete(frame.hash));
      this.#last = kept;
      this.#keeping.set(frame.hash, kept);
    } catch (error) {
      log.warn('the picture of a frame was not kept', { code: toErrorReport(error).code });
    }
  }

  /**
   * The kept picture of a frame, as WebP. Throws `not-found` where none is kept, or its file is gone or is not the one that
   * was written.
   */
  async read(frameHash: string): Promise<Uint8Array> {
    await this.#keeping.get(frameHash);
    const kept = keptPictures.findKeptPicture(this.#context.store.database, frameHash);
    if (kept === null) throw notKept();
    try {
      const webp = await readFile(this.#pathOf(frameHash));
      if (digestOf(webp) === kept.sha256) return webp;
    } catch (error) {
      if (systemCode(error) === null) throw error;
      this.#context.log.warn('a kept picture could not be read', { code: systemCode(error) });
    }
    // Forgotten, so that the picture is made again when the frame is next decoded for an answer.
    keptPictures.forgetKeptPicture(this.#context.store.database, frameHash);
    throw notKept();
  }

  /**
   * Removes the pictures that only answers of this case need, and returns how many. `left` counts files that the system
   * would not remove; they stay known, so that they can be removed later.
   */
  async removeOfCase(caseId: CaseId): Promise<{ removed: number; left: number }> {
    const { database } = this.#context.store;
    await this.#last;
    let removed = 0;
    let left = 0;
    for (const frameHash of keptPictures.listPicturesOnlyOf(database, caseId)) {
      try {
        await rm(this.#pathOf(frameHash), { force: true });
        keptPictures.forgetKeptPicture(database, frameHash);
        removed += 1;
      } catch (error) {
        this.#context.log.warn('a kept picture could not be removed', { code: systemCode(error) });
        left += 1;
      }
    }
    return { removed, left };
  }

  /** Waits for what is being kept. */
  async close(): Promise<void> {
    await this.#last;
  }

  async #write(frameHash: string, canvas: Canvas): Promise<void> {
    const { store, now } = this.#context;
    const webp = await canvas.encode('webp', quality);
    const path = this.#pathOf(frameHash);
    const unfinished = `${path}.${process.pid}.unfinished`;
    await mkdir(store.layout.pictures, { recursive: true, mode: 0o700 });
    try {
      await writeFile(unfinished, webp, { mode: 0o600 });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    const picture = { sha256: digestOf(webp), bytes: webp.length };
    keptPictures.putKeptPicture(store.database, frameHash, picture, now());
  }

  #pathOf(frameHash: string): string {
    return join(this.#context.store.layout.pictures, `${frameHash}.webp`);
  }
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function drawn(frame: Pick<DecodedFrame, 'width' | 'height' | 'rgb'>): Canvas {
  const whole = createCanvas(frame.width, frame.height);
  putPicture(whole.getContext('2d'), frame);
  const scale = longestSide / Math.max(frame.width, frame.height);
  if (scale >= 1) return whole;
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  const small = createCanvas(side(frame.width), side(frame.height));
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(whole, 0, 0, small.width, small.height);
  return small;
}

const notKept = (): WorkstationError =>
  new WorkstationError(
    'not-found',
    'No picture of this answer’s frame is kept.',
    'Pictures are kept of frames that were asked about since this version. Locate the video to see the frame.',
  );
