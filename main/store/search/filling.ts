import { toErrorReport } from '../../../preload/contract/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { WritableDatabase } from '../database.ts';
import { fillSearch, type FillProgress } from './fill.ts';

/** So many things are added while the database is opened: it takes less than a second. */
const AT_ONCE = 1000;
/** Between two slices, in which calls and windows have their turn. */
const BREATH_MILLISECONDS = 5;
/** Before it is tried again where the disk was full or another process wrote for long. */
const REST_MILLISECONDS = 10_000;

/**
 * Brings the index of the search up to date: a small one at once, a large one slice by slice beside everything else. An index that
 * can't be filled is no reason not to open a database: everything else is there without it.
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

  /** How far it has come; null where everything can be found. */
  get progress(): FillProgress | null {
    return this.#progress;
  }

  /** To be called once the database is open, and again when another one has taken its place. */
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
    // A command that has something else to do does not wait for it.
    this.#timer = setTimeout(() => {
      const wait = this.#step();
      if (wait !== null) this.#goOnAfter(wait);
    }, milliseconds).unref();
  }

  /** Adds a slice. Returns after how long the next one is to be added; null where there is nothing more to do. */
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
      // What is in it stays, and how much that is stays known.
      this.#work = null;
      return code === 'store-corrupt' ? null : REST_MILLISECONDS;
    }
  }
}
