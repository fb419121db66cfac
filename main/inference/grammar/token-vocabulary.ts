import { LRUCache } from 'lru-cache';
import type { TokenList, TokenText } from '../model/token-bytes.ts';
import { markEnd } from './answer-grammar.ts';
import type { GrammarState } from './grammar-state.ts';
import type { TokenMask } from './token-mask.ts';

/** Masks that are kept, the ones used last: corners make a state for every box. */
const masksKept = 1024;

/**
 * A vocabulary sorted by its bytes, which is a trie without its memory: the tokens that begin with a text are
 * one range. Finds the tokens that an automaton lets through, once for each of its states.
 */
export class TokenVocabulary {
  readonly #texts: readonly TokenText[];
  readonly #risky: readonly TokenText[];
  /** Ids that stand for no text: control tokens and padding, the tokens that end the text left out. */
  readonly #silent: readonly number[];
  readonly #byteOf: ReadonlyMap<number, string>;

  constructor(list: TokenList) {
    this.#texts = list.texts
      .filter((token) => token.bytes !== '' && token.id < list.size)
      .toSorted((first, second) =>
        first.bytes < second.bytes ? -1 : first.bytes > second.bytes ? 1 : first.id - second.id,
      );
    this.#risky = this.#texts.filter((token) => token.bytes.includes(markEnd));
    this.#byteOf = new Map(this.#texts.map((token) => [token.id, token.bytes]));
    const ends = new Set(list.ends);
    this.#silent = Array.from({ length: list.size }, (_, id) => id).filter(
      (id) => !this.#byteOf.has(id) && !ends.has(id),
    );
  }

  /** The bytes that a token stands for; '' for a control token. */
  bytes(id: number): string {
    return this.#byteOf.get(id) ?? '';
  }

  /** Tokens that begin with this text. */
  startingWith(bytes: string): number[] {
    return this.#texts.filter((token) => token.bytes.startsWith(bytes)).map((token) => token.id);
  }

  /** Where the automaton stands after a token; null where it doesn't let it through. */
  advance(state: GrammarState, id: number): GrammarState | null {
    return walk(state, this.bytes(id));
  }

  /** The tokens that the automaton lets through. Tokens that end the text are allowed in the reasoning alone. */
  mask(state: GrammarState): TokenMask {
    if (state.part === 'reasoning') {
      const broken = this.#risky.filter((token) => walk(state, token.bytes) === null).map(({ id }) => id);
      return { forbid: Int32Array.from([...this.#silent, ...broken]) };
    }
    const allow: number[] = [];
    this.#visit(state, 0, this.#texts.length, 0, allow);
    return { allow: Int32Array.from(allow) };
  }

  #visit(state: GrammarState, from: number, to: number, depth: number, allow: number[]): void {
    let start = from;
    while (start < to && this.#texts[start]!.bytes.length === depth) {
      allow.push(this.#texts[start]!.id);
      start += 1;
    }
    if (state.bytes !== null) {
      for (const byte of state.bytes) {
        const first = this.#bound(start, to, depth, byte);
        const end = this.#bound(first, to, depth, byte + 1);
        const next = first < end ? state.step(byte) : null;
        if (next !== null) this.#visit(next, first, end, depth + 1, allow);
      }
      return;
    }
    while (start < to) {
      const byte = this.#texts[start]!.bytes.charCodeAt(depth);
      const end = this.#bound(start, to, depth, byte + 1);
      const next = state.step(byte);
      if (next !== null) this.#visit(next, start, end, depth + 1, allow);
      start = end;
    }
  }

  /** First place of `from..to` whose token has this byte or a greater one at `depth`. */
  #bound(from: number, to: number, depth: number, byte: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#texts[middle]!.bytes.charCodeAt(depth) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Masks by state, made when they are first needed. */
export class MaskCache {
  readonly #vocabulary: TokenVocabulary;
  readonly #masks = new LRUCache<string, TokenMask>({ max: masksKept });

  constructor(vocabulary: TokenVocabulary) {
    this.#vocabulary = vocabulary;
  }

  get(state: GrammarState): TokenMask {
    const known = this.#masks.get(state.key);
    if (known !== undefined) return known;
    const mask = this.#vocabulary.mask(state);
    this.#masks.set(state.key, mask);
    return mask;
  }
}

/** Where an automaton stands after some bytes; null where it doesn't let them through. */
export function walk(state: GrammarState, bytes: string): GrammarState | null {
  let at: GrammarState | null = state;
  for (let index = 0; index < bytes.length && at !== null; index += 1) {
    at = at.step(bytes.charCodeAt(index));
  }
  return at;
}
