import type { Answer } from '../../preload/contract/index.ts';

/** Short enough to be read, and to be typed for the command line's `--seed`. */
export const randomSeed = (): number => 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % 999_999);

/** A seed that none of these answers was drawn with. */
export function otherSeed(answers: readonly Answer[], draw: () => number): number {
  const used = answers.map(({ settings }) => settings.seed);
  let seed = draw();
  while (used.includes(seed)) seed = draw();
  return seed;
}
