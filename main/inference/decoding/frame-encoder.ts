import { performance } from 'node:perf_hooks';
import type { Size } from '../../../preload/contract/values.ts';
import type { EngineFrame } from '../messages.ts';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import { FrameCache, CachedFrame, type FramePrefix, type Look } from './frame-cache.ts';
import { enlargedCrop } from '../image/enlarged-crop.ts';
import type { ModelRunner } from '../runner/model-runner.ts';
import type { PictureGate } from '../model/picture-gate.ts';
import type { Prompt } from '../model/tokenizer.ts';
import { TaskQueue } from '../../../preload/contract/task-queue.ts';
import { positionsWithText } from '../model/positions.ts';
import { rowsOf } from '../graphs/rows.ts';

/** Milliseconds that encoding took; zeros where the features were in the cache. */
export interface EncodingTimings {
  preprocessMilliseconds: number;
  visionMilliseconds: number;
}

/** A frame with its vision features, in use until it is released. */
export interface EncodedFrame {
  readonly frame: CachedFrame;
  readonly seenBefore: boolean;
  /** Null where the model does not state how its training pictures look. */
  readonly picture: { readonly distance: number; readonly threshold: number } | null;
  readonly timings: EncodingTimings;
}

const pictureOf = ({ features, grid, resized }: Look): Look => ({ features, grid, resized });

/** Rows allocated after a prefix for the texts of a question, so that the buffers seldom have to grow. */
const spareTokens = 256;

/**
 * Runs frames through the vision encoder, one at a time and each only once: a caller that asks for a frame which is being
 * encoded already waits for that result.
 */
export class FrameEncoder {
  readonly #runner: ModelRunner;
  readonly #frames: FrameCache;
  readonly #queue = new TaskQueue();
  readonly #gate: PictureGate | null;

  constructor(runner: ModelRunner, limitBytes: number, gate: PictureGate | null = null) {
    this.#runner = runner;
    this.#frames = new FrameCache(limitBytes);
    this.#gate = gate;
  }

  /** See `FrameCache.bytes`. */
  get bytes(): number {
    return this.#frames.bytes;
  }

  /**
   * The features of the frame, with those of a crop of it that is to stand beside it: kept ones, or new ones.
   * @throws WorkstationError `cancelled`.
   */
  encode(frame: EngineFrame, signal: AbortSignal | undefined, crop?: EngineFrame): Promise<EncodedFrame> {
    const task = async (): Promise<EncodedFrame> => {
      const timings: EncodingTimings = { preprocessMilliseconds: 0, visionMilliseconds: 0 };
      const seen =
        crop === undefined
          ? await this.#look(frame, timings)
          : await this.#lookAtBoth(frame, crop, signal, timings);
      return { ...seen, picture: this.#measure(seen.frame), timings };
    };
    return this.#queue.run(task, { signal });
  }

  #key({ hash }: EngineFrame, as: Size): string {
    const { model, processor } = this.#runner;
    return `${model.sha256} ${processor.fingerprint} ${as.width} ${as.height} ${hash}`;
  }

  async #look(
    frame: EngineFrame,
    timings: EncodingTimings,
    as: Size = frame,
  ): Promise<Pick<EncodedFrame, 'frame' | 'seenBefore'>> {
    const key = this.#key(frame, as);
    const kept = this.#frames.take(key);
    if (kept !== undefined) return { frame: kept, seenBefore: true };
    const start = performance.now();
    const image = this.#runner.prepareImage(frame, as);
    const visionStart = performance.now();
    timings.preprocessMilliseconds += visionStart - start;
    const features = await this.#runner.encodeImage(image);
    timings.visionMilliseconds += performance.now() - visionStart;
    const seen = new CachedFrame({ features, grid: image.grid, resized: image.resized });
    return { frame: this.#frames.add(key, seen), seenBefore: false };
  }

  /** The frame's own features serve questions about the whole of it, too. */
  async #lookAtBoth(
    frame: EngineFrame,
    crop: EngineFrame,
    signal: AbortSignal | undefined,
    timings: EncodingTimings,
  ): Promise<Pick<EncodedFrame, 'frame' | 'seenBefore'>> {
    const enlarged = enlargedCrop(crop);
    const key = `${this.#key(frame, frame)} beside ${this.#key(crop, enlarged)}`;
    const kept = this.#frames.take(key);
    if (kept !== undefined) return { frame: kept, seenBefore: true };
    const { frame: whole } = await this.#look(frame, timings);
    try {
      throwIfAborted(signal);
      const { frame: part } = await this.#look(crop, timings, enlarged);
      const both = new CachedFrame({ ...pictureOf(whole), beside: pictureOf(part) });
      this.#frames.release(part);
      return { frame: this.#frames.add(key, both), seenBefore: false };
    } finally {
      this.#frames.release(whole);
    }
  }

  #measure({ features }: CachedFrame): EncodedFrame['picture'] {
    const gate = this.#gate;
    return gate === null ? null : { distance: gate.distance(features), threshold: gate.threshold };
  }

  /**
   * Makes sure that the beginning of the prompt, up to the end of the image, has gone through the decoder. Returns the
   * frame to use from now on, in place of the given one: a copy where that is in use with another prompt.
   * @param textBegins The first tokens of the text, which go through the decoder in the same runs if the frame has to,
   *   and for how many of the last of them logits are wanted.
   * @throws WorkstationError `cancelled` between two chunks; the given frame then stays in use.
   */
  withPrefix(
    frame: CachedFrame,
    prompt: Prompt,
    signal: AbortSignal | undefined,
    textBegins: () => { ids: readonly number[]; keep: number } = () => ({ ids: [], keep: 0 }),
  ): Promise<CachedFrame> {
    const ids = prompt.ids.slice(0, prompt.prefixLength);
    const task = async (): Promise<CachedFrame> => {
      const kept = frame.prefix;
      if (kept !== null && sameIds(kept.ids, ids)) return frame;
      const positions = this.#runner.positions(
        ids,
        frame.pictures.map(({ grid }) => grid),
      );
      const ahead = textBegins();
      const features = frame.pictures.map((picture) => picture.features);
      const embeddings = await this.#runner.embed(ids, features, ahead.ids);
      const cache = this.#runner.newCache(ids.length + spareTokens);
      let logits: Float32Array;
      try {
        logits = await this.#runner.prefill({
          ...{ embeddings, positions: positionsWithText(positions, ahead.ids.length), cache },
          ...{ from: 0, to: ids.length + ahead.ids.length, keep: ahead.keep },
          ...(signal ? { signal } : {}),
        });
      } catch (error) {
        cache.dispose();
        throw error;
      }
      const prefix: FramePrefix = {
        ...{ ids, cache, delta: positions.delta },
        ahead: ahead.keep === 0 ? null : { ids: ahead.ids, logits: rowsOf(logits, ahead.keep) },
      };
      if (kept === null || frame.users === 1) {
        frame.prefix?.cache.dispose();
        frame.prefix = prefix;
        this.#frames.trim();
        return frame;
      }
      const other = this.#frames.retain(new CachedFrame(frame));
      other.prefix = prefix;
      this.#frames.release(frame);
      return other;
    };
    return this.#queue.run(task, { signal });
  }

  retain(frame: CachedFrame): CachedFrame {
    return this.#frames.retain(frame);
  }

  release(frame: CachedFrame): void {
    this.#frames.release(frame);
  }

  clear(): void {
    this.#frames.clear();
  }
}

function sameIds(first: Int32Array, second: Int32Array): boolean {
  return first.length === second.length && first.every((id, index) => id === second[index]);
}
