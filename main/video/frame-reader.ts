import { WorkstationError, throwIfAborted, toErrorReport } from '../../preload/contract/errors.ts';
import { checkFrameIndex } from '../../preload/contract/frames.ts';
import { eyeInWords, type StereoEye } from '../../preload/contract/stereo.ts';
import { TaskQueue } from '../../preload/contract/task-queue.ts';
import type { DecodeContext } from './decode-arguments.ts';
import { decodeFrames, finishFrame, type DecodedFrame, type RawFrame } from './decoder.ts';
import type { FrameBudget } from './frame-budget.ts';
import { FrameCache } from './frame-cache.ts';
import { rawLayout } from './frame-format.ts';
import { keyFrameBefore, nextKeyFrame, type FrameTable } from './frame-table.ts';
import { Pace } from './pace.ts';

/**
 * `interaction`: a person waits; a newer one takes the place of an older one, which fails with `cancelled`.
 * `work`: a sweep, an export or a model needs this frame; never superseded, one after the other.
 */
export type FramePriority = 'interaction' | 'work';

export interface FrameRequest {
  readonly signal?: AbortSignal | undefined;
  readonly priority?: FramePriority | undefined;
  /** For work: the eye of a stereo recording that is wanted, null for the whole picture. Left out, it is the one wanted now. */
  readonly eye?: StereoEye | null | undefined;
}

export interface FrameReaderOptions {
  readonly context: DecodeContext;
  readonly table: FrameTable;
  /** How many bytes decoded frames may take, together with those of other recordings. */
  readonly budget: FrameBudget;
  /** Throws if the file is no longer the one that was opened. It is called before every answer. */
  readonly checkFile: () => Promise<void>;
  /** The eye of a stereo recording that is wanted now; the whole picture where it is left out. */
  readonly eye?: (() => StereoEye | null) | undefined;
}

/** How many frames are decoded before and after the one that was asked for, in the same run of ffmpeg. */
const framesBefore = 6;
const framesAfter = 24;
/** The same after it for a person who goes backwards. */
const framesBehind = 4;
/** The time that starting ffmpeg takes, counted in decoded frames. A run that is at most this far behind arrives sooner. */
const startCost = 16;
/** The most frames that are kept ready on either side of the playhead. */
const mostAhead = 128;
const mostFailures = 3;
let readers = 0;

interface Pending {
  readonly index: number;
  readonly promise: Promise<DecodedFrame>;
  readonly settle: (outcome: RawFrame | WorkstationError | Error) => void;
  waiters: number;
  /** Whether it is known not to be in the cache. */
  needsDecoder: boolean;
}

interface Run {
  readonly first: number;
  readonly last: number;
  /** The next frame to be handed out; before the first one, the key frame where decoding began. */
  position: number;
  readonly controller: AbortController;
}

/**
 * Hands out frames by index: from the cache, from a run of ffmpeg already on its way there, or from a new one. In idle
 * moments it decodes on, at low priority, so that steps either way find their frame ready.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #cache: FrameCache;
  readonly #name = `reader ${++readers}`;
  readonly #disposal = new AbortController();
  #pending: Pending | null = null;
  #run: Run | null = null;
  readonly #work = new TaskQueue();
  #playhead = 0;
  #direction: 1 | -1 = 1;
  readonly #pace = new Pace();
  #failures = 0;
  /** How many frames were ready on a side when a run for it began, and where: one that brought none is not repeated. */
  readonly #sought = new Map<1 | -1, { readonly ready: number; readonly playhead: number }>();

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    const { probe } = options.context;
    const largest = Math.max(...options.table.formats.map(({ format }) => rawLayout(probe, format).bytes));
    this.#cache = new FrameCache(options.budget, largest);
  }

  /** Throws `frame-out-of-range`, `cancelled`, `file-missing`, `file-changed`, `ffmpeg-failed`, `ffmpeg-missing`. */
  async frame(index: number, request: FrameRequest = {}): Promise<DecodedFrame> {
    checkFrameIndex(index, this.#options.table.ticks.length);
    throwIfAborted(request.signal);
    throwIfAborted(this.#disposal.signal);
    return request.priority === 'work'
      ? this.#forWork(index, request)
      : this.#forInteraction(index, request.signal);
  }

  /** Frames `first` to `last` in order, for exports and sweeps. Neither uses nor fills the cache. */
  async *frames(first: number, last: number, signal?: AbortSignal): AsyncGenerator<DecodedFrame> {
    const { context, table } = this.#options;
    checkFrameIndex(first, table.ticks.length);
    checkFrameIndex(last, table.ticks.length);
    const stop = new AbortController();
    const stopSignal = AbortSignal.any([stop.signal, this.#disposal.signal, ...(signal ? [signal] : [])]);
    let offer: ((raw: RawFrame | null) => void) | null = null;
    let taken: (() => void) | null = null;
    let next = new Promise<RawFrame | null>((resolve) => (offer = resolve));
    const decoding = this.#options.checkFile().then(() =>
      decodeFrames(context, table, {
        first,
        last,
        signal: stopSignal,
        background: true,
        onFrame: (raw) => {
          // Frames still in the pipe of a decoder that was stopped are passed over, because nobody would take them.
          if (stopSignal.aborted) return;
          offer?.(raw);
          return new Promise<void>((resolve) => (taken = resolve));
        },
      }),
    );
    decoding.then(
      () => offer?.(null),
      () => offer?.(null),
    );
    const release = () => taken?.();
    stopSignal.addEventListener('abort', release, { once: true });
    try {
      for (;;) {
        const raw = await next;
        if (!raw) break;
        next = new Promise((resolve) => (offer = resolve));
        yield finishFrame(raw, this.#eye);
        release();
      }
      await decoding;
    } finally {
      stop.abort();
      stopSignal.removeEventListener('abort', release);
      await decoding.catch(() => undefined);
    }
  }

  /** Ends every run and drops every frame. Requests under way fail with `cancelled`. */
  dispose(): void {
    this.#disposal.abort();
    this.#run?.controller.abort();
    this.#run = null;
    this.#pending?.settle(superseded());
    this.#cache.clear();
    const { finished } = this.#options.budget;
    for (const name of finished.keys()) if (name.startsWith(`${this.#name} `)) finished.delete(name);
  }

  #forWork(index: number, { signal, eye: asked }: FrameRequest): Promise<DecodedFrame> {
    const { context, table, checkFile } = this.#options;
    const stop = signal ? AbortSignal.any([signal, this.#disposal.signal]) : this.#disposal.signal;
    const job = async (): Promise<DecodedFrame> => {
      await checkFile();
      const eye = asked === undefined ? this.#eye : asked;
      // Several questions about one frame, as in a sweep, share one decode.
      const made = this.#options.budget.finished.get(this.#nameOf(index, eye));
      if (made) return this.#keep(made);
      let raw = this.#cache.get(index);
      if (!raw) {
        const onFrame = (frame: RawFrame) => {
          raw = frame;
        };
        await decodeFrames(context, table, { first: index, last: index, signal: stop, onFrame });
      }
      if (!raw) throw new WorkstationError('internal', `Frame ${index} did not arrive.`, 'Try again.');
      return this.#finish(raw, eye);
    };
    return this.#work.run(job, { signal: stop });
  }

  #forInteraction(index: number, signal: AbortSignal | undefined): Promise<DecodedFrame> {
    let pending = this.#pending;
    if (pending?.index !== index) {
      // One that may be in the cache is still answered: two windows that step by turns would else starve each other.
      if (pending?.needsDecoder) pending.settle(superseded());
      pending = this.#open(index);
      void this.#serve(pending);
    }
    pending.waiters++;
    if (!signal) return pending.promise;
    const { promise, settle } = pending;
    const waiting = pending;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(superseded());
        if (--waiting.waiters > 0 || this.#pending !== waiting) return;
        settle(superseded());
        this.#stopRun();
      };
      signal.addEventListener('abort', leave, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #open(index: number): Pending {
    let resolve!: (frame: DecodedFrame) => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<DecodedFrame>((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    promise.catch(() => undefined);
    const pending: Pending = {
      index,
      promise,
      waiters: 0,
      needsDecoder: false,
      settle: (outcome) => {
        if (this.#pending === pending) this.#pending = null;
        if (outcome instanceof Error) {
          reject(outcome);
          return;
        }
        try {
          resolve(this.#finish(outcome, this.#eye));
        } catch (error) {
          // There is no memory left for the picture. Whoever waits is told so, instead of waiting on.
          reject(error as Error);
        }
      },
    };
    this.#pending = pending;
    if (index !== this.#playhead) this.#direction = index > this.#playhead ? 1 : -1;
    this.#playhead = index;
    this.#pace.moved(index);
    this.#cache.movePlayhead(index, this.#direction);
    return pending;
  }

  async #serve(pending: Pending): Promise<void> {
    try {
      await this.#options.checkFile();
    } catch (error) {
      if (this.#pending === pending) this.#stopRun();
      return pending.settle(error as Error);
    }
    const raw = this.#cache.get(pending.index);
    if (this.#pending !== pending) return pending.settle(raw && pending.waiters > 0 ? raw : superseded());
    pending.needsDecoder = !raw;
    if (raw) {
      pending.settle(raw);
      this.#prefetch();
      return;
    }
    if (this.#run && this.#comesSoon(this.#run, pending.index)) return;
    this.#failures = 0;
    const { table } = this.#options;
    const count = table.ticks.length;
    const key = keyFrameBefore(table, pending.index);
    // The decoder passes the frames before it anyway, and a person who goes backwards wants them next.
    const isBack = this.#direction === -1;
    const before = isBack ? Math.max(framesBefore, this.#reach(-1)) : framesBefore;
    const after = isBack ? framesBehind : framesAfter;
    this.#start(Math.max(key, pending.index - before), Math.min(count - 1, pending.index + after), false);
  }

  /** How many frames are kept ready on a side of the playhead. */
  #reach(side: 1 | -1): number {
    return Math.min(mostAhead, this.#cache.room(side));
  }

  /** Whether waiting for `run` beats starting anew at the key frame of `index`. */
  #comesSoon(run: Run, index: number): boolean {
    if (index < run.first || index < run.position || index > run.last) return false;
    return index - run.position <= index - keyFrameBefore(this.#options.table, index) + startCost;
  }

  #start(first: number, last: number, background: boolean): void {
    this.#stopRun();
    const { context, table } = this.#options;
    const run: Run = {
      first,
      last,
      position: keyFrameBefore(table, first),
      controller: new AbortController(),
    };
    this.#run = run;
    const { position } = run;
    const began = performance.now();
    decodeFrames(context, table, {
      first,
      last,
      background,
      copied: true,
      signal: run.controller.signal,
      onFrame: (raw) => {
        if (this.#run !== run) return;
        run.position = raw.index + 1;
        this.#cache.put(raw);
        if (this.#pending?.index === raw.index) this.#pending.settle(raw);
      },
    }).then(
      () => {
        this.#pace.decoded(run.position - position, performance.now() - began);
        this.#ended(run, null);
      },
      (error: unknown) => this.#ended(run, error),
    );
  }

  #ended(run: Run, error: unknown): void {
    if (this.#run !== run) return;
    this.#run = null;
    const pending = this.#pending;
    if (error) {
      this.#failures++;
      this.#options.context.log.debug('A run of frames failed', {
        first: run.first,
        code: toErrorReport(error).code,
      });
      if (pending && pending.index >= run.first && pending.index <= run.last) {
        // The frame that failed may have been an earlier one, while the one that is waited for may be fine.
        if (run.first < pending.index) return this.#start(pending.index, run.last, false);
        pending.settle(error as Error);
      }
    }
    if (this.#pending) void this.#serve(this.#pending);
    else this.#prefetch();
  }

  #stopRun(): void {
    const run = this.#run;
    this.#run = null;
    run?.controller.abort();
  }

  /**
   * Decodes more on the side where less is ready. A side is filled when it is half empty, or when what is left of it would be
   * gone by the time that more arrives; not at every step, because each run begins at a key frame. Backwards it goes group by
   * group, the nearest first.
   */
  #prefetch(): void {
    if (this.#run || this.#pending || this.#disposal.signal.aborted || this.#failures >= mostFailures) return;
    const { table } = this.#options;
    const playhead = this.#playhead;
    const sides = this.#direction === 1 ? ([1, -1] as const) : ([-1, 1] as const);
    for (const side of sides) {
      const reach = this.#reach(side);
      const room = side === 1 ? table.ticks.length - 1 - playhead : playhead;
      const wanted = Math.min(reach, room);
      const ready = this.#cache.contiguous(side, wanted);
      if (ready >= wanted) continue;
      const edge = playhead + side * (ready + 1);
      const key = keyFrameBefore(table, edge);
      const moves = side === this.#direction ? this.#pace.framesMeanwhile(edge - key) : 0;
      if (ready > Math.max(reach / 2, Math.min(moves * 1.25, reach - 4))) continue;
      const sought = this.#sought.get(side);
      if (sought?.playhead === playhead && sought.ready >= ready) continue;
      this.#sought.set(side, { ready, playhead });
      // As far as the playhead will want when they are there, so that the next run is not due at once.
      const far = wanted + Math.min(moves, reach);
      const background = !this.#pace.isFast;
      if (side === -1) this.#start(Math.max(playhead - far, key), edge, background);
      else {
        const last = Math.min(playhead + far, Math.max(edge, nextKeyFrame(table, edge) - 1 + startCost));
        this.#start(edge, Math.min(last, table.ticks.length - 1), background);
      }
      return;
    }
  }

  #finish(raw: RawFrame, eye: StereoEye | null): DecodedFrame {
    const { finished } = this.#options.budget;
    return this.#keep(finished.get(this.#nameOf(raw.index, eye)) ?? finishFrame(raw, eye));
  }

  /** Window, model and still ask for the frame on screen, so it is made once and the last ones used are kept. */
  #keep(frame: DecodedFrame): DecodedFrame {
    this.#options.budget.finished.set(this.#nameOf(frame.index, frame.eye ?? null), frame);
    return frame;
  }

  get #eye(): StereoEye | null {
    return this.#options.eye?.() ?? null;
  }

  /** Decoded planes are of both eyes, but a frame that is made from them is of one. */
  #nameOf(index: number, eye: StereoEye | null): string {
    return `${this.#name} ${index} ${eyeInWords(eye)}`;
  }
}

function superseded(): WorkstationError {
  return new WorkstationError(
    'cancelled',
    'A newer request took the place of this one.',
    'Nothing needs to be done.',
  );
}
