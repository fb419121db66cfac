import { sharedLength } from '../grammar/canonical-tokens.ts';
import type { DraftMemory } from './draft-memory.ts';
import { joined, rowsOf } from '../graphs/rows.ts';
import type { TextBranch } from './text-branch.ts';
import type { TreeToken } from '../runner/batch-run.ts';

/**
 * Speculative decoding (arXiv 2211.17192) with drafts by lookup: each run also computes a guess of the following tokens.
 * As far as the guess turns out right, those tokens need no run of their own; the rest of it is discarded. The logits
 * are the ones that decoding token by token gives, so the text is the same, at any temperature.
 */
export class DraftedText implements TextBranch {
  readonly #branch: TextBranch;
  readonly #memory: DraftMemory;
  /** The most tokens that frame and text may have together. */
  readonly #most: number;
  /** Tokens of the text so far, without the frame's. */
  #written: number[] = [];
  /** The longest text so far: `rewind` shortens the text, and all of it is worth remembering for later guesses. */
  #longest: readonly number[] = [];
  /** Guessed tokens that have been computed already, and the logits after each. */
  #ahead: readonly number[] = [];
  #logits: readonly Float32Array[] = [];

  constructor(branch: TextBranch, memory: DraftMemory, most: number) {
    this.#branch = branch;
    this.#memory = memory;
    this.#most = most;
  }

  get length(): number {
    return this.#branch.length - this.#ahead.length;
  }

  get spare(): number {
    return this.#branch.spare;
  }

  async feed(ids: readonly number[], keep: number): Promise<Float32Array> {
    const known = sharedLength(ids, this.#ahead);
    const found = this.#logits.slice(0, known);
    this.#written.push(...ids);
    if (known === ids.length) {
      this.#ahead = this.#ahead.slice(known);
      this.#logits = this.#logits.slice(known);
      return joined(found.slice(known - keep));
    }
    this.#forgetAhead(known);
    const rest = ids.slice(known);
    const room = this.#most - this.#branch.length - rest.length;
    const draft = this.#memory.after(this.#written, Math.min(this.spare, room));
    const wanted = Math.min(keep, rest.length);
    const logits = await this.#branch.feed([...rest, ...draft], wanted + draft.length);
    const rows = rowsOf(logits, wanted + draft.length);
    this.#ahead = draft;
    this.#logits = rows.slice(wanted);
    return joined([...found, ...rows.slice(0, wanted)].slice(-keep));
  }

  async tryTree(tree: readonly TreeToken[]): Promise<Float32Array> {
    this.#forgetAhead(0);
    return this.#branch.tryTree(tree);
  }

  rewind(length: number): void {
    if (this.#written.length > this.#longest.length) this.#longest = this.#written;
    this.#written = this.#written.slice(0, this.#written.length - (this.length - length));
    this.#ahead = [];
    this.#logits = [];
    this.#branch.rewind(length);
  }

  leave(): void {
    const { length } = this.#longest;
    this.#memory.remember(this.#written.length > length ? this.#written : this.#longest);
    this.#branch.leave();
  }

  /** Discards the guess, except for its first `known` tokens, which are now part of the text. */
  #forgetAhead(known: number): void {
    if (this.#ahead.length > known) this.#branch.rewind(this.length + known);
    this.#ahead = [];
    this.#logits = [];
  }
}
