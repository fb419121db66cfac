/** Work on one answer, which must not reject. It calls `begun` once the next one may begin. */
export type AnswerWork = (begun: () => void) => Promise<void>;

/**
 * Answers in the order of asking: the next begins when the one before has been handed to the engine, as long as there
 * are fewer under way than the engine answers together.
 */
export class AnswerQueue {
  readonly #most: () => number;
  readonly #waiting: AnswerWork[] = [];
  readonly #running = new Set<Promise<void>>();
  #beginning = false;

  /** @param most How many are answered together at the moment; at least one is. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Returns the way to take the work out again; false where it has begun. */
  add(work: AnswerWork): () => boolean {
    this.#waiting.push(work);
    this.#admit();
    return () => {
      const at = this.#waiting.indexOf(work);
      if (at >= 0) this.#waiting.splice(at, 1);
      return at >= 0;
    };
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #admit(): void {
    if (this.#beginning || (this.#running.size > 0 && this.#running.size >= this.#most())) return;
    const work = this.#waiting.shift();
    if (work === undefined) return;
    this.#beginning = true;
    let begun = false;
    const begin = (): void => {
      if (begun) return;
      begun = true;
      this.#beginning = false;
      this.#admit();
    };
    const running = work(begin).finally(() => {
      this.#running.delete(running);
      begin();
      this.#admit();
    });
    this.#running.add(running);
  }
}
