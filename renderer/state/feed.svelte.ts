import type { ChangeList, Changes } from '../../preload/contract/index.ts';

export interface FeedParts {
  /** The change up to which everything is known already. */
  seq: number;
  /** The hash of that change; null where there is none yet. */
  hash: string | null;
  /** Asks the workstation for what came after a change; null where it does not answer. */
  since: (seq: number) => Promise<ChangeList | null>;
  /** Takes changes in, which come in the order of the record and each once. */
  apply: (changes: Changes) => void;
  /** The record is another one, as after a backup was restored: everything is to be read anew. */
  onReplaced: () => void;
}

/**
 * The changes to what is recorded, for one who shows it. However they come, twice, late, in another order or not at all, they
 * are applied in the order of the record: what came already is passed over, and what is missing is asked for.
 */
export class Feed {
  /** The last change that was applied. */
  seq = $state(0);
  #hash: string | null;
  readonly #parts: FeedParts;
  /** What came before its turn. */
  #early: Changes[] = [];
  #asking: Promise<void> | null = null;
  #again = false;
  #ended = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.seq = parts.seq;
    this.#hash = parts.hash;
  }

  /** Takes changes as an event tells them. */
  take(changes: Changes): void {
    if (this.#ended) return;
    if (this.#fits(changes)) {
      this.#apply(changes);
      this.#applyEarly();
    } else if (lastOf(changes) > this.seq) {
      this.#early.push(changes);
      void this.catchUp();
    }
  }

  /** Asks for what may have been missed. Resolves when everything of before the call is applied, or nobody answers. */
  catchUp(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    // What is asked already may have been answered before the newest change.
    this.#again = true;
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  /** Nothing is applied from now on. */
  end(): void {
    this.#ended = true;
    this.#early = [];
  }

  async #ask(): Promise<void> {
    try {
      while (this.#again && !this.#ended) {
        this.#again = false;
        const asked = this.seq;
        const known = this.#hash;
        const missed = await this.#parts.since(asked);
        if (missed === null || this.#ended) return;
        if (missed.seq < asked || (missed.seq === asked && missed.hash !== known)) {
          this.#replaced();
          return;
        }
        if (this.#fits(missed)) this.#apply(missed);
        this.#applyEarly();
        if (missed.more) this.#again = true;
      }
    } finally {
      // At once: whoever calls from now on must not be given what has come to its end.
      this.#asking = null;
    }
  }

  /** Whether there is something new in it, and nothing missing before it. */
  #fits(changes: Changes): boolean {
    return firstOf(changes) <= this.seq + 1 && lastOf(changes) > this.seq;
  }

  /** Every change names the one before it, so that those of another record are not taken for these, whatever their places. */
  #apply({ changes, entries }: Changes): void {
    const fresh = changes.filter(({ seq }) => seq > this.seq);
    const [first] = fresh;
    const last = fresh.at(-1);
    if (first === undefined || last === undefined) return;
    if (this.#hash !== null && first.previous !== this.#hash) {
      this.#replaced();
      return;
    }
    this.seq = last.seq;
    this.#hash = last.hash;
    this.#parts.apply({ changes: fresh, entries });
  }

  #replaced(): void {
    this.end();
    this.#parts.onReplaced();
  }

  #applyEarly(): void {
    for (let next; (next = this.#early.find((early) => this.#fits(early)));) this.#apply(next);
    this.#early = this.#early.filter((early) => lastOf(early) > this.seq);
  }
}

const firstOf = ({ changes }: Changes): number => changes[0]?.seq ?? Infinity;
const lastOf = ({ changes }: Changes): number => changes.at(-1)?.seq ?? 0;
