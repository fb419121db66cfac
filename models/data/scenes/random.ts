/**
 * Deterministic randomness for scenes: every number of a scene comes from one seed through `Random`,
 * so that a frame can be drawn again, on any machine, from its ground truth file.
 */

function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The seed of frame `index` of the run with seed `runSeed`: a 53-bit hash of the pair, not their sum.
 * Runs with different seeds therefore share no scene (for 10^5 frames the chance of one collision is
 * about 10^-6), however many frames each of them has.
 */
export function sceneSeed(runSeed: number, index: number): number {
  const runLow = runSeed >>> 0;
  const runHigh = Math.floor(runSeed / 2 ** 32) >>> 0;
  let a = mix(runLow ^ 0x9e3779b9);
  a = mix(a ^ mix(runHigh + 0x7f4a7c15));
  const low = mix(a ^ mix((index >>> 0) + 0x165667b1));
  const high = mix(mix(low ^ 0x27d4eb2f) ^ mix((a + Math.imul(index, 0x61c88647)) >>> 0));
  return (high & 0x1fffff) * 2 ** 32 + low;
}

/** A small fast generator (sfc32) with the draws that scenes need. Seeds are non-negative integers up to 2^53. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = mix(seed >>> 0);
    this.b = mix((Math.floor(seed / 2 ** 32) >>> 0) ^ 0x5bd1e995);
    this.c = mix(this.a ^ 0x2545f491);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Roughly normal (sum of three uniforms), mean 0, standard deviation 1, bounded by 3. */
  bell(): number {
    return (this.next() + this.next() + this.next() - 1.5) * 2;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('pick from an empty list');
    return item;
  }

  /** One key of `weights`, drawn in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    const last = entries.at(-1);
    if (!last) throw new RangeError('weighted draw from no weights');
    return last[0];
  }

  /** An integer seed for a part of the scene that draws its own numbers. */
  fork(): number {
    return Math.floor(this.next() * 2 ** 32);
  }
}
