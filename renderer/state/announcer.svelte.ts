/** Sentences are read out no more often than this, in ms. */
const pauseMilliseconds = 2500;

/** What changes with every key is read out once it has stayed for so long, in ms. */
const settleMilliseconds = 600;

/** What screen readers are told, politely: whole sentences of a stream, and ends of work. */
export class Announcer {
  text = $state('');
  #held = '';
  #last = 0;
  readonly #now: () => number;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  say(text: string): void {
    clearTimeout(this.#settling);
    this.#held = '';
    this.#last = this.#now();
    this.text = text;
  }

  /** For where one stands: of a run of steps, the last place alone is read out. */
  settle(text: string): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.say(text), settleMilliseconds);
  }

  dispose(): void {
    clearTimeout(this.#settling);
  }

  /** Adds text of a stream; speaks when a sentence is complete and the last one is some time ago. */
  stream(text: string): void {
    this.#held += text;
    const end = this.#held.search(/[.!?](\s[^.!?]*)?$/);
    if (end < 0 || this.#now() - this.#last < pauseMilliseconds) return;
    const sentence = this.#held.slice(0, end + 1).trim();
    const rest = this.#held.slice(end + 1);
    this.say(sentence);
    this.#held = rest;
  }
}
