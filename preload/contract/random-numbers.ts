/**
 * Mulberry32, a small generator of pseudo-random numbers with 32 bits of state. A seed gives the same numbers in Node and in a
 * browser, so that whatever was drawn with it can be drawn again. Not for anything that must not be guessed.
 *
 * @returns A function that gives the next number, uniform in [0, 1).
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
