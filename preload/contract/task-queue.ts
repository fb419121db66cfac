import { throwIfAborted } from './errors.ts';

/** Work of a queue. It calls `handedOn` once the next may begin, where the queue begins one after another. */
export type Task<T> = (handedOn: () => void) => Promise<T>;

export interface TaskQueueOptions {
  /** How many tasks run together at the moment; at least one does. One, if left out. */
  most?: () => number;
  /** Whether a task begins only when the one before has called `handedOn`, or has ended. */
  handingOn?: boolean;
}

export interface TaskOptions {
  /** Whether nothing else of the queue runs meanwhile: what came before ends first, what comes after waits. */
  alone?: boolean;
  /** The higher goes first; equal ones go in the order of asking. 0, if left out. */
  priority?: number;
}

interface Waiting {
  readonly alone: boolean;
  readonly priority: number;
  readonly begin: () => void;
}

/** Runs tasks in the order of priority and asking, so many together as it is told. */
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

  /** Adds a task that must not reject. Returns the way to withdraw it, which is false where it has begun. */
  add(task: Task<void>, options: TaskOptions = {}): () => boolean {
    return this.#enter(task, options);
  }

  /**
   * Runs a task in its turn, and gives what it gives.
   * @param options `signal` withdraws a task that has not begun; one that has begun heeds the signal itself.
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
      // The result is told once the turn is over, so that who waits for it finds the queue as it is then.
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
      // One that had to run alone may have kept others waiting.
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

/** Rejects with what {@link throwIfAborted} says of a signal; does nothing where it is not aborted. */
export function rejectIfAborted(signal: AbortSignal | undefined, reject: (error: unknown) => void): void {
  try {
    throwIfAborted(signal);
  } catch (error) {
    reject(error);
  }
}
