/** Work that is done one piece after another, in the order of asking. */
export class Turns {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Whether nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Runs the work when everything before it has ended, well or badly. */
  take<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#tail.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /**
   * As {@link take}, for work that can be stopped: who waits for a turn, or for `prepare`, is told at once, while the
   * preparation goes on and keeps its turn.
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
    const done = this.take(async () => {
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
}
