import { randomNumbers } from '../../preload/contract/random-numbers.ts';

/** Draws that a seed repeats. */
export class Random {
  /** A number from 0 to below 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = randomNumbers(seed);
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
