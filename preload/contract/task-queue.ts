import { throwIfAborted } from './errors.ts';

/** The work of a queue. In a queue with `handingOn`, it calls `handedOn` once the next task may begin. */
export type Task<T> = (handedOn: () => void) => Promise<T>;

export interface TaskQueueOptions {
  /** How many tasks may run together at the moment, at least one; one if left out. */
  most?: () => number;
  /** Whether a task begins only when the one before has called `handedOn`, or has ended. */
  handingOn?: boolean;
}

export interface TaskOptions {
  /** Whether nothing else of the queue runs meanwhile. Tasks before it end first, and tasks after it wait. */
  alone?: boolean;
  /** Higher ones go first, and equal ones in the order in which they were added; 0 if left out. */
  priority?: number;
}

interface Waiting {
  readonly alone: boolean;
  readonly priority: number;
  readonly begin: () => void;
}

/** Runs tasks by priority and in the order in which they were added, with a limit on how many run together. */
export class TaskQueue {
  readonly #most: () => number;
  readonly #handingOn: boolean;
  readonly #waiting: Waiting[] = [];
  readonly #idleListeners: (() => void)[] = [];
  #running = 0;
  /** Whether what runs must run alone. */
  #alone = false;
  /** Whether a task has begun and not yet handed on. */
  #beginning = false;

  constructor({ most = () => 1, handingOn = false }: TaskQueueOptions = {}) {
    this.#most = most;
    this.#handingOn = handingOn;
  }

  /** Whether nothing waits and nothing runs. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#running === 0;
  }

  /** Adds a task that must not reject. Returns a function that withdraws it, which returns false if it has begun. */
  add(task: Task<void>, options: TaskOptions = {}): () => boolean {
    return this.#enter(task, options);
  }

  /**
   * Runs a task in its turn, and returns its result.
   * @param options `signal` withdraws a task that has not begun; a running task must watch the signal itself.
   * @throws WorkstationError `cancelled` as soon as a waiting task is withdrawn.
   */
  run<T>(task: Task<T>, options: TaskOptions & { signal?: AbortSignal | undefined } = {}): Promise<T> {
    const { signal } = options;
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        rejectIfAborted(signal, reject);
        return;
      }
      const stop = (): void => {
        if (withdraw()) rejectIfAborted(signal, reject);
      };
      const turn: Task<() => void> = async (handedOn) => {
        signal?.removeEventListener('abort', stop);
        try {
          const value = await task(handedOn);
          return () => resolve(value);
        } catch (error) {
          return () => reject(error);
        }
      };
      signal?.addEventListener('abort', stop, { once: true });
      // The result is given after the turn has ended, so that whoever waits for it finds the queue in its new state.
      const withdraw = this.#enter(turn, options, (tell) => tell());
    });
  }

  /** Resolves when nothing waits and nothing runs. */
  onIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  #enter<T>(
    task: Task<T>,
    { alone = false, priority = 0 }: TaskOptions,
    ended: (value: T) => void = () => undefined,
  ): () => boolean {
    const waiting: Waiting = { alone, priority, begin: () => void this.#begin(task, ended) };
    const after = this.#waiting.findIndex((other) => other.priority < priority);
    this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, waiting);
    this.#admit();
    return () => {
      const at = this.#waiting.indexOf(waiting);
      if (at < 0) return false;
      this.#waiting.splice(at, 1);
      // The withdrawn task may have kept others waiting, as it had to run alone.
      this.#admit();
      return true;
    };
  }

  async #begin<T>(task: Task<T>, ended: (value: T) => void): Promise<void> {
    let handed = !this.#handingOn;
    this.#beginning = !handed;
    const handedOn = (): void => {
      if (handed) return;
      handed = true;
      this.#beginning = false;
      this.#admit();
    };
    let value: T;
    try {
      value = await task(handedOn);
    } finally {
      this.#running -= 1;
      handedOn();
      this.#admit();
    }
    ended(value);
    if (!this.idle) return;
    const listeners = this.#idleListeners.splice(0);
    for (const listener of listeners) listener();
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#beginning) return;
      const joins = !next.alone && !this.#alone && this.#running < this.#most();
      if (this.#running > 0 && !joins) return;
      this.#waiting.shift();
      this.#alone = next.alone;
      this.#running += 1;
      next.begin();
    }
  }
}

/** Rejects with the error that {@link throwIfAborted} throws for a signal, if that is aborted. */
export function rejectIfAborted(signal: AbortSignal | undefined, reject: (error: unknown) => void): void {
  try {
    throwIfAborted(signal);
  } catch (error) {
    reject(error);
  }
}
