import { Worker } from 'node:worker_threads';
import { throwIfAborted, WorkstationError } from '../../../preload/contract/errors.ts';
import { unpackError } from '../../platform/carried-error.ts';
import type { Log } from '../../platform/log.ts';
import type { UnreadableRow } from '../database.ts';
import type { readerQueries } from './queries.ts';
import { runAtOnce, type InputOf, type OutputOf, type ReaderContext, type ReaderQueries } from './query.ts';
import type { ReaderReply, ReaderRequest } from './serve.ts';

export interface ReaderOptions<Queries extends ReaderQueries> {
  readonly queries: Queries;
  /** What to read from in this thread, if there is little to read or no other thread can be started. */
  readonly context: ReaderContext;
  readonly log: Log;
  readonly onDamage: () => void;
  readonly onUnreadable: (row: UnreadableRow) => void;
  /** The module that the thread runs, which must serve the same queries. */
  readonly thread?: URL;
}

interface Waiting {
  readonly name: string;
  readonly input: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** How many threads have crashed while this query was running. */
  crashes: number;
}

/** A query that was running when two threads crashed is not given to a third one. */
const MOST_CRASHES = 2;
/** A thread that needs more memory than this crashes alone, and not with the whole workstation. */
const MOST_MEGABYTES = 2048;

/**
 * Runs queries that may take long (searches, exports, large lists, checks) in a thread of its own, so that the main thread
 * stays free for calls, windows and streams. The first query that needs the thread starts it. It reads on connections of its
 * own, which can't write, and is started again after a crash.
 */
export class StoreReader<Queries extends ReaderQueries = typeof readerQueries> {
  readonly #options: ReaderOptions<Queries>;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #worker: Worker | null = null;
  #state: 'open' | 'paused' | 'closed' = 'open';
  /** False once a thread ended before it was ready; from then on everything is read in this thread. */
  #canStart = true;

  constructor(options: ReaderOptions<Queries>) {
    this.#options = options;
  }

  /**
   * Runs a named query of `queries.ts`. It sees the database as it was when the query started.
   *
   * @throws WorkstationError `cancelled` as soon as the signal aborts, `unavailable` if the thread crashed twice, and what the
   * query itself throws
   */
  async query<Name extends keyof Queries & string>(
    name: Name,
    input: InputOf<Queries[Name]>,
    signal?: AbortSignal,
  ): Promise<OutputOf<Queries[Name]>> {
    throwIfAborted(signal);
    if (this.#state === 'closed') throw closed();
    const query = this.#options.queries[name]!;
    const { context } = this.#options;
    if (!this.#canStart || query.isSmall?.(context, input) === true) {
      return runAtOnce(query.run(context, input)) as OutputOf<Queries[Name]>;
    }
    return (await this.#ask(name, input, signal)) as OutputOf<Queries[Name]>;
  }

  /**
   * Closes the reader's connections while `work` runs, for work that needs the only connection to the database. Queries that
   * were asked before and meanwhile run afterwards.
   */
  async pausedFor<Result>(work: () => Result): Promise<Result> {
    if (this.#state === 'closed') throw closed();
    this.#state = 'paused';
    try {
      await this.#stop();
      return work();
    } finally {
      // The reader may have been closed meanwhile.
      if (this.#isPaused()) {
        this.#state = 'open';
        for (const id of this.#waiting.keys()) this.#send(id);
      }
    }
  }

  /** Ends the thread. Queries that were not answered yet fail with `cancelled`. */
  async close(): Promise<void> {
    this.#state = 'closed';
    for (const { reject } of this.#waiting.values()) reject(closed());
    this.#waiting.clear();
    await this.#stop();
  }

  #isPaused(): boolean {
    return this.#state === 'paused';
  }

  #ask(name: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const id = this.#nextId++;
    const cancel = (): void => {
      const waiting = this.#waiting.get(id);
      this.#settle(id);
      this.#post({ kind: 'cancel', id });
      try {
        throwIfAborted(signal);
      } catch (error) {
        waiting?.reject(error);
      }
    };
    signal?.addEventListener('abort', cancel, { once: true });
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { name, input, resolve, reject, crashes: 0 });
    });
    if (this.#state === 'open') this.#send(id);
    return answer.finally(() => signal?.removeEventListener('abort', cancel));
  }

  #send(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#worker ??= this.#start();
    this.#worker.ref();
    const { name, input } = waiting;
    this.#post({ kind: 'run', id, name, input });
  }

  #post(request: ReaderRequest): void {
    this.#worker?.postMessage(request);
  }

  /** Takes a query off the list. A thread without queries does not keep the process alive. */
  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    return waiting;
  }

  #start(): Worker {
    const worker = new Worker(this.#options.thread ?? new URL('./reader-thread.ts', import.meta.url), {
      workerData: { layout: this.#options.context.layout },
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
    });
    let isReady = false;
    worker.on('message', (reply: ReaderReply) => {
      if (reply.kind === 'ready') isReady = true;
      else this.#take(reply);
    });
    worker.on('error', (error: Error) => {
      this.#options.log.warn('the thread that reads the database failed', { cause: error.name });
    });
    worker.once('exit', () => {
      // A thread that was stopped on purpose is no longer the present one.
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#afterCrash(isReady);
    });
    return worker;
  }

  #take(reply: Exclude<ReaderReply, { kind: 'ready' }>): void {
    switch (reply.kind) {
      case 'value':
        this.#settle(reply.id)?.resolve(reply.value);
        break;
      case 'error':
        this.#settle(reply.id)?.reject(unpackError(reply.error));
        break;
      case 'log':
        this.#options.log.warn(reply.message, reply.fields);
        break;
      case 'damage':
        this.#options.onDamage();
        break;
      case 'unreadable':
        this.#options.onUnreadable(reply.row);
    }
  }

  /** Gives running queries to a new thread, or runs them in this one if no thread can be started at all. */
  #afterCrash(wasReady: boolean): void {
    this.#options.log.warn('the thread that reads the database ended by itself', { wasReady });
    if (!wasReady) this.#canStart = false;
    for (const [id, waiting] of this.#waiting) {
      waiting.crashes += 1;
      if (!this.#canStart) this.#readInPlace(id, waiting);
      else if (waiting.crashes < MOST_CRASHES) this.#send(id);
      else this.#settle(id)?.reject(crashed());
    }
  }

  #readInPlace(id: number, { name, input, resolve, reject }: Waiting): void {
    this.#settle(id);
    const { queries, context } = this.#options;
    try {
      resolve(runAtOnce(queries[name]!.run(context, input)));
    } catch (error) {
      reject(error);
    }
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}

const closed = (): WorkstationError =>
  new WorkstationError('cancelled', 'The workstation was closed before this was read.', 'Start it again.');

const crashed = (): WorkstationError =>
  new WorkstationError(
    'unavailable',
    'The database could not be read to the end: reading it was broken off twice.',
    'Nothing was changed. Try again with less, such as one session, or close other programs to free memory.',
  );
