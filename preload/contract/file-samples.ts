import { randomNumbers } from './random-numbers.ts';

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
  const random = randomNumbers(seed);
  const drawn = Array.from({ length: samples }, () => Math.floor(random() * (size - edgeBytes)));
  return [...edgesOf(size), ...drawn.sort((a, b) => a - b).map((start) => ({ start, length: edgeBytes }))];
}
