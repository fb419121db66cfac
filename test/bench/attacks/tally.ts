import { Random, sceneSeed } from '../../../models/data/scenes/random.ts';
import { WorkstationError } from '../../../preload/contract/index.ts';
import { systemCode } from '../../../main/platform/file-errors.ts';

/** What must never come of an input, whatever it is. */
export const wrongs = ['lost', 'crashed', 'let in', 'hung', 'internal'] as const;
export type Wrong = (typeof wrongs)[number];

/** One input after which something was wrong. */
export interface Finding {
  readonly attack: string;
  /** Which input of the attack: with the seed, it can be made again. */
  readonly input: number;
  readonly wrong: Wrong;
  readonly what: string;
}

/** An input has to be dealt with in this time, in ms; a busy machine included. */
export const patience = 120_000;

/** What came of the inputs of one attack. */
export class Tally {
  readonly attack: string;
  readonly findings: Finding[] = [];
  inputs = 0;

  constructor(attack: string) {
    this.attack = attack;
  }

  add(input: number, wrong: Wrong, what: unknown): void {
    const words = what instanceof Error ? (what.stack ?? what.message) : String(what);
    this.findings.push({ attack: this.attack, input, wrong, what: words.slice(0, 2000) });
  }

  /**
   * Does something with an input. An error of the workstation's own, with its code, is how a bad input should end.
   *
   * @returns null where it ended with an error
   */
  async take<T>(input: number, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.inputs += 1;
    const giveUp = new AbortController();
    const timer = Promise.withResolvers<'late'>();
    const timeout = setTimeout(() => timer.resolve('late'), patience);
    try {
      const done = work(giveUp.signal);
      const ended = await Promise.race([done.then((value) => ({ value })), timer.promise]);
      if (ended !== 'late') return ended.value;
      this.add(input, 'hung', `no end after ${patience / 1000} s`);
      giveUp.abort();
      done.catch(() => undefined);
    } catch (error) {
      const known = error instanceof WorkstationError && error.code !== 'internal';
      if (!known) this.add(input, 'internal', systemCode(error) ?? error);
    } finally {
      clearTimeout(timeout);
    }
    return null;
  }
}

/** The randomness of one input: the same for the same seed and number, on every machine. */
export const randomOf = (seed: number, attack: string, input: number): Random => {
  const name = [...attack].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 2 ** 31, 7);
  return new Random(sceneSeed(sceneSeed(seed, name), input));
};

/** Bytes with something done to them: bits turned, stretches cut, filled, doubled, moved, or put in from elsewhere. */
export function mutated(bytes: Uint8Array, random: Random): Buffer {
  let content = Buffer.from(bytes);
  for (let change = random.integer(1, 4); change > 0; change -= 1) {
    if (content.length === 0) break;
    // Headers decide the most, and they stand in front or at the end.
    const at = random.chance(0.5)
      ? random.integer(0, content.length - 1)
      : random.chance(0.7)
        ? random.integer(0, Math.min(content.length - 1, 4096))
        : random.integer(Math.max(0, content.length - 4096), content.length - 1);
    const end = Math.min(content.length, at + random.integer(1, random.chance(0.8) ? 64 : 8192));
    switch (random.integer(0, 6)) {
      case 0:
        for (let turns = random.integer(1, 30); turns > 0; turns -= 1) {
          const place = random.integer(at, end - 1);
          content[place] = content[place]! ^ (1 << random.integer(0, 7));
        }
        break;
      case 1:
        content = content.subarray(0, at);
        break;
      case 2:
        content.fill(random.pick([0, 0xff, 0x7f, 0x80]), at, end);
        break;
      case 3:
        content = Buffer.concat([content.subarray(0, end), content.subarray(at)]);
        break;
      case 4:
        content = Buffer.concat([content.subarray(0, at), content.subarray(end)]);
        break;
      case 5: {
        const from = random.integer(0, content.length - 1);
        content.copy(content, at, from, Math.min(content.length, from + (end - at)));
        break;
      }
      default:
        // A length or a count, as large as it can be written.
        if (at + 4 <= content.length) {
          content.writeUInt32BE(random.pick([0xffffffff, 0x7fffffff, 0x80000000, 0, 1, content.length]), at);
        }
    }
  }
  return content;
}
