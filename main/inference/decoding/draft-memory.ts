/** At most this many tokens of the latest texts are remembered. */
const mostRemembered = 16_384;
/** Matches are compared up to this many tokens; a longer one is no better. */
const longestMatch = 32;

/**
 * Guesses how a text continues, from texts that were written earlier: it looks for the last tokens of the new text there
 * and proposes what followed them. Answers to the same question on similar frames are much alike, so the guess is often
 * right. A wrong guess costs time and changes no answer.
 */
export class DraftMemory {
  readonly #texts: (readonly number[])[] = [];
  #remembered = 0;

  /** @param ids Tokens of a text that has ended: its question and its answer. */
  remember(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.#texts.push(ids);
    this.#remembered += ids.length;
    while (this.#remembered > mostRemembered) this.#remembered -= this.#texts.shift()!.length;
  }

  /**
   * What came where the text's last tokens stood before, `ids` itself counting as written before: as many tokens as can
   * be had, after the longest likeness of those that have so many, the latest of equals. Half as many tokens as were
   * alike at most: a short likeness is often chance, and a wrong guess costs a row of the run.
   * @param most Tokens to return at most.
   */
  after(ids: readonly number[], most: number): readonly number[] {
    let best: readonly number[] = [];
    let alike = 0;
    const last = ids.at(-1);
    for (const text of most < 1 ? [] : [ids, ...this.#texts.toReversed()]) {
      for (let at = text.length - 1; at > 0; at -= 1) {
        if (text[at - 1] !== last) continue;
        const length = sharedEnd(text, at, ids);
        const count = Math.min(most, Math.ceil(length / 2), text.length - at);
        if (count < best.length || (count === best.length && length <= alike)) continue;
        [best, alike] = [text.slice(at, at + count), length];
        if (count === most && length === longestMatch) return best;
      }
    }
    return best;
  }
}

/** How many tokens before `end` are the last ones of `ids`, up to {@link longestMatch}. */
function sharedEnd(text: readonly number[], end: number, ids: readonly number[]): number {
  const most = Math.min(end, ids.length, longestMatch);
  let length = 0;
  while (length < most && text[end - 1 - length] === ids[ids.length - 1 - length]) length += 1;
  return length;
}
