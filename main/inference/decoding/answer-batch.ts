import { planRun, type BatchRequest, type RunPart } from '../runner/batch-run.ts';
import type { CachedFrame } from './frame-cache.ts';
import type { FrameEncoder } from './frame-encoder.ts';
import type { DecoderCache, RowRange } from '../graphs/model-graphs.ts';
import { joined } from '../graphs/rows.ts';
import { prefillChunk, type ModelRunner } from '../runner/model-runner.ts';
import { rejectIfAborted } from '../../../preload/contract/task-queue.ts';
import { knownOf, type TokensAhead } from './tokens-ahead.ts';
import { mostTogether, prefixOf, type TextBranch, type TextSlots } from './text-branch.ts';
import type { TreeToken } from '../runner/batch-run.ts';

/** With at most this many unused rows, compacting the cache costs more than it saves. */
const fewForgottenRows = 64;
/** Where the device cannot compact the cache, more unused rows than this keep new texts waiting. */
const mostForgottenRows = 2048;
/** Rows for texts that a frame's cache keeps allocated after its texts have ended. */
const keptRows = 1024;

/** The tokens that a text has asked to be run through the decoder, and whoever waits for their logits. */
interface Wish {
  readonly ids: readonly number[];
  readonly parents: readonly number[] | null;
  readonly keep: number;
  /** How many of the tokens have gone through the decoder already. */
  done: number;
  /** Logits found so far, `[vocabulary]` each. */
  readonly found: Float32Array[];
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Where a frame lies in the cache: its own rows, and after them those of tokens that its first text may begin with. */
interface Place {
  start: number;
  end: number;
  ahead: TokensAhead | null;
}

interface Waiting {
  readonly frame: CachedFrame;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (branch: TextBranch) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Decodes several texts together in one key-value cache. Each run of the decoder takes the next tokens of all texts, so
 * that the weights are read once for all of them. A frame's rows are stored once, however many texts are about it. The
 * rows of the texts follow in the order in which they are computed; the attention mask lets each token see its frame,
 * the earlier tokens of its own text and itself, and nothing else.
 *
 * The texts advance in step: a run begins when every text has asked for its next tokens. When a text ends, one that
 * waits takes its place. Texts that are equal so far, such as the samples of one question at first, are computed once.
 *
 * The cache belongs to the frame that came first, and is returned to it unchanged when all texts have ended. Rows of
 * other frames are copied behind it where the device can do that; where it cannot, their texts wait.
 */
export class AnswerBatch implements TextSlots {
  readonly most = mostTogether;
  readonly #runner: ModelRunner;
  readonly #encoder: FrameEncoder;
  readonly #texts = new Set<BatchedText>();
  #waiting: Waiting[] = [];
  /** The frame whose cache is in use; null while there are no texts. */
  #base: CachedFrame | null = null;
  /** Where the frames' rows lie. */
  readonly #places = new Map<CachedFrame, Place>();
  readonly #mostFrameRows: number;
  /** `#gathering`: a run begins in the next turn of the event loop. `#running`: it is under way. */
  #gathering = false;
  #running = false;

  constructor(runner: ModelRunner, encoder: FrameEncoder) {
    this.#runner = runner;
    this.#encoder = encoder;
    const { layers, heads, headSize } = runner.model.manifest.parameters;
    // Every token also computes attention over the rows of frames that it does not see (the mask discards the result):
    // four operations for each number of a head and row. This wasted work is limited to one operation per byte of
    // weights and token, about an eighth of what reading the weights once for eight texts saves.
    this.#mostFrameRows = runner.model.graphBytes / (4 * layers * heads * headSize);
  }

  join(frame: CachedFrame, signal: AbortSignal | undefined): Promise<TextBranch> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        rejectIfAborted(signal, waiting.reject);
      };
      const settle = (): void => signal?.removeEventListener('abort', stop);
      const waiting: Waiting = {
        frame,
        signal,
        resolve: (branch) => {
          settle();
          resolve(branch);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', stop, { once: true });
      if (signal?.aborted) stop();
      this.#admit();
    });
  }

  /** Lets waiting texts begin, first come first served, while there is room. Does nothing during a run. */
  #admit(): void {
    while (!this.#running && this.#texts.size < this.most) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const place = this.#placeFor(next.frame);
      if (place === null) return;
      this.#waiting.shift();
      const text = new BatchedText(this, next.frame, place, next.signal);
      this.#texts.add(text);
      next.resolve(text);
    }
  }

  /** Finds or makes the place of a frame in the cache; null where the frame has to wait until texts have ended. */
  #placeFor(frame: CachedFrame): Place | null {
    const prefix = prefixOf(frame);
    const tokens = prefix.ids.length;
    const { ahead } = prefix;
    if (this.#base === null) {
      this.#base = this.#encoder.retain(frame);
      prefix.ahead = null;
      this.#places.set(frame, { start: 0, end: tokens, ahead });
    }
    const cache = this.#cache;
    // A cache that cannot be compacted keeps the rows of ended texts until the last text has ended.
    if (cache.keep === undefined && this.#texts.size > 0 && this.#forgottenRows() > mostForgottenRows)
      return null;
    const known = this.#places.get(frame);
    if (known !== undefined) return known;
    if (cache.addFrom === undefined || this.#frameRows() + tokens > this.#mostFrameRows) return null;
    const place = { start: cache.length, end: cache.length + tokens, ahead };
    cache.addFrom(prefix.cache, tokens + (ahead?.ids.length ?? 0));
    prefix.cache.truncate(tokens);
    prefix.ahead = null;
    this.#places.set(frame, place);
    return place;
  }

  #frameRows(): number {
    let rows = 0;
    for (const { start, end } of this.#places.values()) rows += end - start;
    return rows;
  }

  /** How many guessed tokens each text may add to its one token in a run. */
  get spare(): number {
    return Math.floor(mostTogether / Math.max(this.#texts.size, 1)) - 1;
  }

  #forgottenRows(): number {
    return this.#cache.length - this.#liveRows().length;
  }

  /** Rows that a frame or a text still uses, in ascending order. */
  #liveRows(): number[] {
    const live = new Set<number>();
    for (const { start, end } of this.#places.values())
      for (let row = start; row < end; row += 1) live.add(row);
    for (const { rows } of this.#texts) for (const row of rows) live.add(row);
    return [...live].sort((first, second) => first - second);
  }

  /** Forgets frames without texts, and compacts the cache where it has many unused rows. */
  #tidy(): void {
    const used = new Set<CachedFrame | null>([this.#base, ...Array.from(this.#texts, ({ frame }) => frame)]);
    for (const frame of this.#places.keys()) if (!used.has(frame)) this.#places.delete(frame);
    const cache = this.#cache;
    if (cache.keep === undefined) return;
    const live = this.#liveRows();
    if (cache.length - live.length <= Math.max(fewForgottenRows, live.length / 8)) return;
    for (const place of this.#places.values()) place.ahead = null;
    const now = new Int32Array(cache.length);
    live.forEach((row, place) => (now[row] = place));
    cache.keep(rangesOf(live));
    for (const text of this.#texts) text.rows = text.rows.map((row) => now[row]!);
    for (const place of this.#places.values()) {
      const rows = place.end - place.start;
      place.start = now[place.start]!;
      place.end = place.start + rows;
    }
  }

  get #cache(): DecoderCache {
    if (this.#base === null) throw new RangeError('there are no texts');
    return prefixOf(this.#base).cache;
  }

  /** Called when a text has asked for tokens, or has ended: begins a run once all texts have asked. */
  changed(): void {
    if (this.#running || this.#gathering || !this.#allWait()) return;
    // Waits for the event loop, so that texts that ask in the same moment share the run.
    this.#gathering = true;
    setImmediate(() => {
      this.#gathering = false;
      if (!this.#allWait()) return;
      const stopped = [...this.#texts].filter(({ signal }) => signal?.aborted);
      // Each stopped text then leaves, and the last one to leave calls this method again.
      for (const text of stopped) rejectIfAborted(text.signal, text.takeWish().reject);
      if (stopped.length === 0) void this.#run();
    });
  }

  #allWait(): boolean {
    return this.#texts.size > 0 && [...this.#texts].every(({ waits }) => waits);
  }

  async #run(): Promise<void> {
    this.#running = true;
    const texts = this.#sameTogether();
    try {
      const cache = this.#cache;
      const past = cache.length;
      const plan = planRun([...texts.keys()], past, prefillChunk);
      const embeddings = await this.#runner.lookUp(plan.ids);
      cache.reserve(past + plan.tokens);
      const { tokens, positions, attention, logits: wanted } = plan;
      const logits = await this.#runner.run(
        { tokens, embeddings, positions, attention, logits: wanted },
        cache,
      );
      cache.truncate(past + plan.staying);
      this.#running = false;
      this.#admit();
      const { vocabularySize } = this.#runner.model.manifest.parameters;
      const first = tokens - wanted;
      const logitsAt = (place: number): Float32Array =>
        logits.slice((place - first) * vocabularySize, (place - first + 1) * vocabularySize);
      for (const part of plan.parts) {
        for (const text of texts.get(part.request)!) text.take(part, past, logitsAt);
      }
    } catch (error) {
      this.#running = false;
      for (const text of [...texts.values()].flat()) text.takeWish().reject(error);
    }
    this.changed();
  }

  /** Groups texts that are equal so far and ask for the same tokens: each group is computed as one request. */
  #sameTogether(): Map<BatchRequest, BatchedText[]> {
    const found = new Map<string, { request: BatchRequest; texts: BatchedText[] }>();
    for (const text of this.#texts) {
      const request = text.request();
      const { frame, rows, ids, parents, keep } = request;
      const key = [frame.start, rows.length, rows.at(-1), keep, ids.join(), parents?.join()].join(' ');
      const same = found.get(key);
      if (same === undefined) found.set(key, { request, texts: [text] });
      else same.texts.push(text);
    }
    return new Map(Array.from(found.values(), ({ request, texts }) => [request, texts]));
  }

  left(text: BatchedText): void {
    this.#texts.delete(text);
    if (this.#texts.size > 0) this.#tidy();
    else this.#giveBack();
    this.#admit();
    this.changed();
  }

  /** After the last text: returns the cache to the frame that came first, with nothing but that frame's rows in it. */
  #giveBack(): void {
    const base = this.#base;
    if (base === null) return;
    const { cache, ids } = prefixOf(base);
    cache.truncate(ids.length);
    cache.shrink?.(ids.length + keptRows);
    this.#places.clear();
    this.#base = null;
    this.#encoder.release(base);
  }
}

/** One text of a batch. */
class BatchedText implements TextBranch {
  readonly #batch: AnswerBatch;
  readonly frame: CachedFrame;
  readonly #place: Place;
  readonly signal: AbortSignal | undefined;
  /** Cache rows of the text's tokens, in their order. */
  rows: readonly number[] = [];
  #wish: Wish | null = null;

  constructor(batch: AnswerBatch, frame: CachedFrame, place: Place, signal: AbortSignal | undefined) {
    this.#batch = batch;
    this.frame = frame;
    this.#place = place;
    this.signal = signal;
  }

  get length(): number {
    return prefixOf(this.frame).ids.length + this.rows.length;
  }

  /** Whether the text has asked for tokens and waits for their logits. */
  get waits(): boolean {
    return this.#wish !== null;
  }

  get spare(): number {
    return this.#batch.spare;
  }

  async feed(ids: readonly number[], keep: number): Promise<Float32Array> {
    const { ahead, end } = this.#place;
    if (ahead === null || this.rows.length > 0) return this.#want(ids, null, keep);
    const { count, logits } = knownOf(ahead, ids, keep);
    this.rows = Array.from({ length: count }, (_, index) => end + index);
    if (count === ids.length) return joined(logits);
    return joined([...logits, await this.#want(ids.slice(count), null, keep - logits.length)]);
  }

  tryTree(tree: readonly TreeToken[]): Promise<Float32Array> {
    return this.#want(
      tree.map(({ id }) => id),
      tree.map(({ parent }) => parent),
      tree.length,
    );
  }

  rewind(length: number): void {
    this.rows = this.rows.slice(0, length - prefixOf(this.frame).ids.length);
  }

  leave(): void {
    this.#batch.left(this);
  }

  #want(
    ids: readonly number[],
    parents: readonly number[] | null,
    keep: Wish['keep'],
  ): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.#wish = { ids, parents, keep, done: 0, found: [], resolve, reject };
      this.#batch.changed();
    });
  }

  /** The tokens that the next run should compute for this text: those it asked for, less those already done. */
  request(): BatchRequest {
    const { ids, parents, keep, done } = this.#wished();
    const position = this.length + prefixOf(this.frame).delta;
    return { frame: this.#place, rows: this.rows, position, ids: ids.slice(done), parents, keep };
  }

  /** Takes the results of a run for this text; `past` is how many rows the cache had before the run. */
  take({ request, places }: RunPart, past: number, logitsAt: (place: number) => Float32Array): void {
    const wish = this.#wished();
    if (wish.parents === null) this.rows = [...request.rows, ...places.map((place) => past + place)];
    wish.done += places.length;
    const complete = wish.done === wish.ids.length;
    const wanted = request.ids.length - wish.keep;
    wish.found.push(...places.filter((_, index) => index >= wanted).map(logitsAt));
    if (complete) this.takeWish().resolve(joined(wish.found));
  }

  /** Removes and returns what the text asked for; the caller resolves or rejects it. */
  takeWish(): Wish {
    const wish = this.#wished();
    this.#wish = null;
    return wish;
  }

  #wished(): Wish {
    if (this.#wish === null) throw new RangeError('the text wants nothing');
    return this.#wish;
  }
}

/** Joins ascending row numbers into ranges without gaps. */
function rangesOf(rows: readonly number[]): RowRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    if (last?.end === row) last.end += 1;
    else ranges.push({ start: row, end: row + 1 });
  }
  return ranges;
}
