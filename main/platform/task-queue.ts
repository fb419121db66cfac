interface Waiting {
  readonly together: boolean;
  readonly begin: () => void;
}

/**
 * Work that begins in the order of asking: one piece after another, and some of it together, as far as `most` says.
 */
export class Turns {
  readonly #most: () => number;
  #waiting: Waiting[] = [];
  /** How many pieces are under way, and whether they go together; if not, it is one. */
  #running = 0;
  #together = false;

  /** @param most How many pieces of work that may be done together are, at the moment. */
  constructor(most: () => number = () => 1) {
    this.#most = most;
  }

  /** Whether nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#running === 0;
  }

  /** Runs the work when everything before it has ended, well or badly, and before anything after it begins. */
  take<T>(work: () => Promise<T>): Promise<T> {
    return this.#enter(false, work);
  }

  /**
   * As {@link take}, but together with others that are taken by this, and for work that can be stopped: who waits for
   * a turn, or for `prepare`, is told at once, while the preparation goes on and keeps its turn.
   * @param stopped What a stop before `work` resolves to. A stop after that is for `work` to obey.
   */
  takeUnlessStopped<T, Prepared>(
    signal: AbortSignal | undefined,
    stopped: () => T,
    prepare: () => Promise<Prepared>,
    work: (prepared: Prepared) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) return Promise.resolve(stopped());
    let begun = false;
    const done = this.#enter(true, async () => {
      if (signal?.aborted) return stopped();
      const prepared = await prepare();
      if (signal?.aborted) return stopped();
      begun = true;
      return work(prepared);
    });
    if (signal === undefined) return done;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        if (!begun) resolve(stopped());
      };
      signal.addEventListener('abort', stop, { once: true });
      done.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  async #enter<T>(together: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ together, begin });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#admit();
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const joins = next.together && this.#together && this.#running < this.#most();
      if (this.#running > 0 && !joins) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#together = next.together;
      next.begin();
    }
  }
}
