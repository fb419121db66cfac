/** A stretch of a file, in bytes. */
export interface FileSample {
  readonly start: number;
  readonly length: number;
}

const edgeBytes = 64 * 1024;
const wholeBytes = 64 * 1024 * 1024;
const samples = 256;

/**
 * First, middle and last of a file: tells most files of one name and size apart, for the price of three small reads. A
 * recorder's segments share both as a rule.
 */
export function edgesOf(size: number): FileSample[] {
  const length = Math.min(size, edgeBytes);
  return [0, Math.floor((size - length) / 2), size - length].map((start) => ({ start, length }));
}

/**
 * What is compared before two files are taken for one: every byte up to 64 MiB; of a longer file, 256 stretches of 64 KiB
 * at places drawn from `seed` (a whole number), so that nothing can be hidden between places that are always the same.
 */
export function samplesOf(size: number, seed: number): FileSample[] {
  if (size <= wholeBytes) return [{ start: 0, length: size }];
  const random = numbersFrom(seed);
  const drawn = Array.from({ length: samples }, () => Math.floor(random() * (size - edgeBytes)));
  return [...edgesOf(size), ...drawn.sort((a, b) => a - b).map((start) => ({ start, length: edgeBytes }))];
}

/** Numbers from 0 to 1 that follow from a seed: mulberry32, the same in a browser and in Node. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
