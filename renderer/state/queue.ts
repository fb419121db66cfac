/** Runs a few pieces of work at a time, in the order they came; what is taken out never starts. */
export class Queue {
  readonly #atOnce: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Returns the way to take the work out again, if it hasn't started. */
  add(work: () => Promise<void>): () => void {
    this.#waiting.push(work);
    this.#next();
    return () => {
      const at = this.#waiting.indexOf(work);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  #next(): void {
    while (this.#running < this.#atOnce) {
      const work = this.#waiting.shift();
      if (!work) return;
      this.#running += 1;
      void work().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }
}
