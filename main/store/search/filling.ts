import { toErrorReport } from '../../../preload/contract/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { WritableDatabase } from '../database.ts';
import { fillSearch, type FillProgress } from './fill.ts';

/** How many things are added while the database is being opened, which takes less than a second. */
const AT_ONCE = 1000;
/** The pause between two slices, in which calls and windows have their turn. */
const BREATH_MILLISECONDS = 5;
/** The pause before another try, if the disk was full or another process wrote for long. */
const REST_MILLISECONDS = 10_000;

/**
 * Brings the search index up to date: a small one at once, a large one slice by slice beside everything else. A database
 * opens even if its index can't be filled, because everything else works without it.
 */
export class SearchFilling {
  readonly #database: WritableDatabase;
  readonly #log: Log;
  #work: Generator<FillProgress, number> | null = null;
  #progress: FillProgress | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: WritableDatabase, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** How far the filling has come; null once everything can be found. */
  get progress(): FillProgress | null {
    return this.#progress;
  }

  /** Starts the filling, once the database is open and again after another one has taken its place. */
  start(): void {
    this.stop();
    this.#work = fillSearch(this.#database);
    for (;;) {
      const wait = this.#step();
      if (wait === null) return;
      if (wait > BREATH_MILLISECONDS || (this.#progress?.of ?? 0) > AT_ONCE) return this.#goOnAfter(wait);
    }
  }

  /** Leaves the rest to whoever opens the database next. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#work = null;
    this.#progress = null;
  }

  #goOnAfter(milliseconds: number): void {
    // The timer keeps no process alive, so that a command does not wait for the filling.
    this.#timer = setTimeout(() => {
      const wait = this.#step();
      if (wait !== null) this.#goOnAfter(wait);
    }, milliseconds).unref();
  }

  /** Adds a slice. Returns the milliseconds until the next one; null if there is nothing more to do. */
  #step(): number | null {
    try {
      this.#work ??= fillSearch(this.#database);
      const step = this.#work.next();
      if (step.done !== true) {
        this.#progress = step.value;
        return BREATH_MILLISECONDS;
      }
      if (step.value > 0) this.#log.info('the search index was filled', { count: step.value });
      this.stop();
      return null;
    } catch (error) {
      const { code } = toErrorReport(error);
      this.#log.warn('the search index could not be filled', { code });
      // What is in the index stays, and so does the known progress.
      this.#work = null;
      return code === 'store-corrupt' ? null : REST_MILLISECONDS;
    }
  }
}
