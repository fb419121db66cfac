import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';

/** A number of places at something, such as conversions that run at the same time; whoever comes later waits a little. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #patienceMilliseconds: number;

  constructor(count: number, patienceMilliseconds: number) {
    this.#free = count;
    this.#patienceMilliseconds = patienceMilliseconds;
  }

  /**
   * Takes a place and returns what gives it back (once; further calls do nothing). Throws `cancelled`, and `busy` with
   * `refusal` where no place comes free in time.
   */
  async take(refusal: { message: string; hint: string }, signal?: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#free > 0) this.#free--;
    else if (!(await this.#wait(signal))) {
      throwIfAborted(signal);
      throw new WorkstationError('busy', refusal.message, refusal.hint);
    }
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const got = () => end(true);
      const leave = () => end(false);
      const patience = setTimeout(leave, this.#patienceMilliseconds);
      const end = (hasPlace: boolean) => {
        clearTimeout(patience);
        signal?.removeEventListener('abort', leave);
        const at = this.#waiting.indexOf(got);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(hasPlace);
      };
      this.#waiting.push(got);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
