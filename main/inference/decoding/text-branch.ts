import type { TreeToken } from '../runner/batch-run.ts';
import { throwIfAborted } from '../../../preload/contract/errors.ts';
import type { FramePrefix, CachedFrame } from './frame-cache.ts';
import type { ModelRunner } from '../runner/model-runner.ts';
import { joined } from '../graphs/rows.ts';
import { knownOf } from './tokens-ahead.ts';
import { TaskQueue } from '../../../preload/contract/task-queue.ts';

/** The most tokens that one run decodes, of several texts or of one: up to here a run takes little longer than for one. */
export const mostTogether = 8;

/**
 * One text about a frame while it is being generated. Whoever generates it need not know whether it is alone in its
 * cache or decoded together with others.
 */
export interface TextBranch {
  /** Number of tokens so far, including the frame's. */
  readonly length: number;
  /** How many more tokens than one the next run can compute at little extra cost. */
  readonly spare: number;
  /**
   * Adds text tokens. Returns the logits of the last `keep` of them, `[keep, vocabulary]`; at least 1.
   * @throws WorkstationError `cancelled` between two runs.
   */
  feed: (ids: readonly number[], keep: number) => Promise<Float32Array>;
  /** Logits after each token of a tree, `[tokens, vocabulary]`; the text is left as it was. */
  tryTree: (tree: readonly TreeToken[]) => Promise<Float32Array>;
  /** Forgets all tokens from `length` on. */
  rewind: (length: number) => void;
  /** Ends the text. Nothing else may be called after. */
  leave: () => void;
}

/** Gives out the places in which texts are generated. */
export interface TextSlots {
  /** How many texts are written together at most. */
  readonly most: number;
  /**
   * Begins a text as soon as there is a place. The frame must be in use and have its prefix.
   * @throws WorkstationError `cancelled` when stopped before there was a place.
   */
  join: (frame: CachedFrame, signal: AbortSignal | undefined) => Promise<TextBranch>;
}

/** Generates one text after another, in the cache of its frame: every decoder can do this. */
export class SingleTextSlot implements TextSlots {
  readonly most = 1;
  readonly #runner: ModelRunner;
  readonly #queue = new TaskQueue();

  constructor(runner: ModelRunner) {
    this.#runner = runner;
  }

  join(frame: CachedFrame, signal: AbortSignal | undefined): Promise<TextBranch> {
    const prefix = prefixOf(frame);
    return new Promise((resolve, reject) => {
      const task = (): Promise<void> =>
        new Promise((leave) => resolve(new SingleTextBranch(this.#runner, prefix, leave, signal)));
      this.#queue.run(task, { signal }).catch(reject);
    });
  }
}

class SingleTextBranch implements TextBranch {
  readonly #runner: ModelRunner;
  readonly #prefix: FramePrefix;
  readonly #leave: () => void;
  readonly #signal: AbortSignal | undefined;

  constructor(runner: ModelRunner, prefix: FramePrefix, leave: () => void, signal: AbortSignal | undefined) {
    this.#runner = runner;
    this.#prefix = prefix;
    this.#leave = leave;
    this.#signal = signal;
  }

  get length(): number {
    const { ahead, cache, ids } = this.#prefix;
    return ahead === null ? cache.length : ids.length;
  }

  get spare(): number {
    return mostTogether - 1;
  }

  async feed(ids: readonly number[], keep: number): Promise<Float32Array> {
    const prefix = this.#prefix;
    const { cache, delta } = prefix;
    const known = prefix.ahead === null ? { count: 0, logits: [] } : knownOf(prefix.ahead, ids, keep);
    this.#forgetAhead(known.count);
    if (known.count === ids.length) return joined(known.logits);
    const rest = await this.#runner.feed(
      ids.slice(known.count),
      cache,
      delta,
      keep - known.logits.length,
      this.#signal,
    );
    return joined([...known.logits, rest]);
  }

  /** Takes the first `known` of the tokens computed ahead into the text, and discards the rest. */
  #forgetAhead(known: number): void {
    const prefix = this.#prefix;
    if (prefix.ahead === null) return;
    prefix.cache.truncate(prefix.ids.length + known);
    prefix.ahead = null;
  }

  tryTree(tree: readonly TreeToken[]): Promise<Float32Array> {
    throwIfAborted(this.#signal);
    return this.#runner.tryTree(tree, this.#prefix.cache, this.#prefix.delta);
  }

  rewind(length: number): void {
    this.#prefix.cache.truncate(length);
  }

  leave(): void {
    // The buffers stay for the next question about this frame, which continues from the end of the image.
    this.#prefix.ahead = null;
    this.#prefix.cache.truncate(this.#prefix.ids.length);
    this.#leave();
  }
}

/** @throws RangeError for a frame that has not gone through the decoder. */
export function prefixOf(frame: CachedFrame): FramePrefix {
  if (frame.prefix === null) throw new RangeError('the frame has not gone through the decoder');
  return frame.prefix;
}
