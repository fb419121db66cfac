import { sharedLength } from '../grammar/canonical-tokens.ts';
import type { DraftMemory } from './draft-memory.ts';
import { joined, rowsOf } from '../graphs/rows.ts';
import type { TextBranch } from './text-branch.ts';
import type { TreeToken } from '../runner/batch-run.ts';

/**
 * A text of which tokens are computed before they are written (speculative decoding, arXiv 2211.17192, with drafts by
 * lookup): each run takes a guess of the next tokens along, and what is written then costs no run as far as the guess
 * was right. The logits are those that the tokens one by one would give, so what is drawn from them is the same, at
 * any temperature; a wrong guess is forgotten.
 */
export class DraftedText implements TextBranch {
  readonly #branch: TextBranch;
  readonly #memory: DraftMemory;
  /** Tokens that the text may have in all, those of the frame included. */
  readonly #most: number;
  /** Tokens written so far, behind the frame. */
  #written: number[] = [];
  /** What was written before it was gone back over. */
  #longest: readonly number[] = [];
  /** Tokens computed before they are written, and the logits after each. */
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

  /** Forgets what is ahead, but for its first `known` tokens, which are written now. */
  #forgetAhead(known: number): void {
    if (this.#ahead.length > known) this.#branch.rewind(this.length + known);
    this.#ahead = [];
    this.#logits = [];
  }
}
