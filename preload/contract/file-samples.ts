/** A stretch of a file, in bytes. */
export interface FileSample {
  readonly start: number;
  readonly length: number;
}

const edgeBytes = 64 * 1024;
const wholeBytes = 64 * 1024 * 1024;
const samples = 256;

/**
 * The first, middle and last bytes of a file. Three small reads tell most files of the same name and size apart, which a
 * recorder's segments usually share.
 */
export function edgesOf(size: number): FileSample[] {
  const length = Math.min(size, edgeBytes);
  return [0, Math.floor((size - length) / 2), size - length].map((start) => ({ start, length }));
}

/**
 * The bytes that must be equal before two files count as the same: all of them up to 64 MiB, or 256 stretches of 64 KiB in a
 * longer file. The places are drawn from `seed` (a whole number), so that no difference can hide between fixed places.
 */
export function samplesOf(size: number, seed: number): FileSample[] {
  if (size <= wholeBytes) return [{ start: 0, length: size }];
  const random = numbersFrom(seed);
  const drawn = Array.from({ length: samples }, () => Math.floor(random() * (size - edgeBytes)));
  return [...edgesOf(size), ...drawn.sort((a, b) => a - b).map((start) => ({ start, length: edgeBytes }))];
}

/** Pseudo-random numbers from 0 to 1 (mulberry32), which are the same in a browser and in Node for the same seed. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
