/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(choices: readonly [T, ...T[]]): T;
  pick<T>(choices: readonly T[]): T | undefined;
  pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)];
  }

  /** Words with what trips up databases and texts. */
  words(): string {
    const odd = [
      'kidney',
      '–“”',
      "'; --",
      '\u0000',
      '\ud83d\ude00',
      '\ud800',
      '\u202e',
      '\\u0041',
      '"',
      'ä',
      'é',
      '\n',
    ];
    const count = 1 + this.below(4);
    return Array.from({ length: count }, () => this.pick(odd) ?? '').join(' ');
  }
}
