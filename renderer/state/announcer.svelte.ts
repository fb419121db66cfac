/** Sentences are read out no more often than this, in ms. */
const pauseMilliseconds = 2500;

/** What screen readers are told, politely: whole sentences of a stream, and ends of work. */
export class Announcer {
  text = $state('');
  #held = '';
  #last = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  say(text: string): void {
    this.#held = '';
    this.#last = this.#now();
    this.text = text;
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
