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

/** Rows that nothing sees: so few are not worth moving others for. */
const fewForgottenRows = 64;
/** More of them keep new texts out, where no rows can be moved. */
const mostForgottenRows = 2048;
/** Rows that a frame's cache keeps room for behind its own, once texts were written there. */
const keptRows = 1024;

/** What a text waits for. */
interface Wish {
  readonly ids: readonly number[];
  readonly parents: readonly number[] | null;
  readonly keep: number;
  /** Tokens that have gone through the decoder. */
  done: number;
  /** Logits found so far, `[vocabulary]` each. */
  readonly found: Float32Array[];
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A frame in the cache: its rows, and behind them those of tokens that a text on it may begin with. */
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
 * Several texts, decoded together in one cache: a run of the decoder takes the next tokens of all of them, so that the
 * weights are read once for all. The rows of a frame are there once for all texts on it; the rows of the texts lie
 * behind, mixed as they come, and each token sees its frame's, its own text's and itself.
 *
 * The texts go in step: a run begins when every text has said what it wants. A text that ends leaves, one that waits
 * takes its place. Texts that are the same so far, as the samples of a question are at first, are computed once.
 *
 * The cache is that of the frame that came first, and is given back as it was when all texts have left. Other frames'
 * rows are put behind, where the device can copy rows; else they wait.
 */
export class AnswerBatch implements TextSlots {
  readonly most = mostTogether;
  readonly #runner: ModelRunner;
  readonly #encoder: FrameEncoder;
  readonly #texts = new Set<BatchedText>();
  #waiting: Waiting[] = [];
  /** The frame whose cache it is; null while there are no texts. */
  #base: CachedFrame | null = null;
  /** Where the frames' rows lie. */
  readonly #places = new Map<CachedFrame, Place>();
  readonly #mostFrameRows: number;
  /** A run is about to begin, or under way. */
  #gathering = false;
  #running = false;

  constructor(runner: ModelRunner, encoder: FrameEncoder) {
    this.#runner = runner;
    this.#encoder = encoder;
    const { layers, heads, headSize } = runner.model.manifest.parameters;
    // A token's scores and sums over one row take four operations for each number of a head. Those over the frames of
    // others are for nothing: they may take as many as a token takes bytes of weights, which is about an eighth of
    // what reading the weights once for eight texts saves.
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

  /** Lets in those that wait, in their order, as far as there is room. Not during a run. */
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

  /** Rows of a frame in the cache; null where it has to wait until texts have left. */
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
    // Where rows cannot be moved together, those of texts that have left are in the way until all have.
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

  /** Tokens that each text may add to a run, beside one, while they all decode. */
  get spare(): number {
    return Math.floor(mostTogether / Math.max(this.#texts.size, 1)) - 1;
  }

  #forgottenRows(): number {
    return this.#cache.length - this.#liveRows().length;
  }

  /** Rows that are still seen, in ascending order. */
  #liveRows(): number[] {
    const live = new Set<number>();
    for (const { start, end } of this.#places.values())
      for (let row = start; row < end; row += 1) live.add(row);
    for (const { rows } of this.#texts) for (const row of rows) live.add(row);
    return [...live].sort((first, second) => first - second);
  }

  /** Forgets frames without texts, and moves what is left together where there are many rows that nothing sees. */
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

  /** A text has said what it wants, or has left. */
  changed(): void {
    if (this.#running || this.#gathering || !this.#allWait()) return;
    // Whoever asks in the same moment is in the same run.
    this.#gathering = true;
    setImmediate(() => {
      this.#gathering = false;
      if (!this.#allWait()) return;
      const stopped = [...this.#texts].filter(({ signal }) => signal?.aborted);
      // They leave, and with the last of them this is called again.
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

  /** The texts by what they want: those that are the same so far, and want the same, are one request. */
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

  /** All texts have left: the frame that came first gets its cache back as it was. */
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

/** One of the texts. */
class BatchedText implements TextBranch {
  readonly #batch: AnswerBatch;
  readonly frame: CachedFrame;
  readonly #place: Place;
  readonly signal: AbortSignal | undefined;
  /** Rows of its tokens behind the frame. */
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

  /** Whether it has said what it wants. */
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

  /** What it wants of the next run, as far as it has not had it. */
  request(): BatchRequest {
    const { ids, parents, keep, done } = this.#wished();
    const position = this.length + prefixOf(this.frame).delta;
    return { frame: this.#place, rows: this.rows, position, ids: ids.slice(done), parents, keep };
  }

  /** Takes what a run behind `past` rows has done for it. */
  take({ request, places }: RunPart, past: number, logitsAt: (place: number) => Float32Array): void {
    const wish = this.#wished();
    if (wish.parents === null) this.rows = [...request.rows, ...places.map((place) => past + place)];
    wish.done += places.length;
    const complete = wish.done === wish.ids.length;
    const wanted = request.ids.length - wish.keep;
    wish.found.push(...places.filter((_, index) => index >= wanted).map(logitsAt));
    if (complete) this.takeWish().resolve(joined(wish.found));
  }

  /** Ends the wish: who made it gets its answer from the caller. */
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

/** Runs of rows that follow one another. */
function rangesOf(rows: readonly number[]): RowRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    if (last?.end === row) last.end += 1;
    else ranges.push({ start: row, end: row + 1 });
  }
  return ranges;
}
