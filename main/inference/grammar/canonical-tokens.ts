import type { GrammarState, GrammarUnit } from './grammar-state.ts';
import { fromBinary } from '../model/token-bytes.ts';
import type { TokenVocabulary } from './token-vocabulary.ts';

/** Token sequences of the choices of a unit, shared beginnings together. */
export interface ChoiceNode {
  readonly children: Map<number, ChoiceNode>;
  /** The choice that ends here. */
  choice: string | null;
  /** The first token of what follows the choice that ends here. */
  follower: number | null;
}

/** Choices kept of the corners, whose ranges differ from box to box. */
const treesKept = 2048;

/**
 * How the model's own tokenizer splits texts that the grammar knows beforehand: what was forced must have the
 * very tokens that the model was taught, not any tokens that spell the same.
 */
export class CanonicalTokens {
  readonly #encode: (text: string) => number[];
  readonly #vocabulary: TokenVocabulary;
  readonly #texts = new Map<string, readonly number[]>();
  readonly #stable = new Map<string, readonly number[]>();
  readonly #trees = new Map<string, ChoiceNode | null>();

  constructor(encode: (text: string) => number[], vocabulary: TokenVocabulary) {
    this.#encode = encode;
    this.#vocabulary = vocabulary;
  }

  /** Tokens of a text on its own, given as a binary string. */
  encode(bytes: string): readonly number[] {
    const known = this.#texts.get(bytes);
    if (known !== undefined) return known;
    if (this.#texts.size >= 2 * treesKept) this.#texts.clear();
    const ids = this.#encode(fromBinary(bytes));
    this.#texts.set(bytes, ids);
    return ids;
  }

  /**
   * The tokens of a text that stay the same whatever the grammar lets follow. Those at its end that could melt
   * into what comes next are left off.
   * @param state Where the automaton stands after the text.
   */
  settled(bytes: string, state: GrammarState): readonly number[] {
    const key = `${bytes}|${state.unit?.written === '' ? followKey(state.unit) : state.key}`;
    const known = this.#stable.get(key);
    if (known !== undefined) return known;
    if (this.#stable.size >= treesKept) this.#stable.clear();
    let common: readonly number[] | null = null;
    for (const follow of continuations(state)) {
      const ids = this.#encode(fromBinary(bytes + follow));
      common = common === null ? ids : common.slice(0, sharedLength(common, ids));
    }
    const settled: number[] = [];
    let length = 0;
    for (const id of common ?? []) {
      length += this.#vocabulary.bytes(id).length;
      if (length > bytes.length) break;
      settled.push(id);
    }
    this.#stable.set(key, settled);
    return settled;
  }

  /**
   * The choices of a unit as tokens; null where the tokenizer splits a choice differently in its surroundings
   * than alone, so that it can only be matched byte by byte.
   */
  tree(unit: GrammarUnit): ChoiceNode | null {
    const choices = unit.choices();
    const key = unit.kind === 'label' ? `${unit.key}:${choices.join('"')}` : unit.key;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    if (this.#trees.size >= treesKept) this.#trees.clear();
    const tree = this.#standAlone(unit, choices) ? this.#plant(unit, choices) : null;
    this.#trees.set(key, tree);
    return tree;
  }

  #standAlone(unit: GrammarUnit, choices: readonly string[]): boolean {
    // Numbers of one length are split alike; a few of each range tell.
    const stride = unit.kind === 'number' ? Math.max(1, Math.floor(choices.length / 8)) : 1;
    return choices.every((choice, index) => {
      if (index % stride !== 0 && index !== choices.length - 1) return true;
      const after = unit.after(choice);
      const whole = this.encode(unit.before + choice + after);
      const parts = [unit.before, choice, after].flatMap((text) => [...this.encode(text)]);
      return whole.length === parts.length && sharedLength(whole, parts) === parts.length;
    });
  }

  #plant(unit: GrammarUnit, choices: readonly string[]): ChoiceNode {
    const root: ChoiceNode = { children: new Map(), choice: null, follower: null };
    for (const choice of choices) {
      let node = root;
      for (const id of this.encode(choice)) {
        let child = node.children.get(id);
        if (child === undefined) {
          child = { children: new Map(), choice: null, follower: null };
          node.children.set(id, child);
        }
        node = child;
      }
      node.choice = choice;
      node.follower = this.encode(unit.after(choice))[0] ?? null;
    }
    return root;
  }
}

/** How many tokens two sequences have in common from their beginning. */
export function sharedLength(first: readonly number[], second: readonly number[]): number {
  const most = Math.min(first.length, second.length);
  let length = 0;
  while (length < most && first[length] === second[length]) length += 1;
  return length;
}

/** Digits that may follow are asked about all at once, so that corners share what was found. */
function followKey(unit: GrammarUnit): string {
  if (unit.kind === 'number') return unit.lead === null ? 'number' : 'number or space';
  return `${unit.key}:${unit.choices().join('"')}`;
}

const characters = [
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  '\n',
  '\u00c3\u00a9',
];
const mostContinuations = 64;
const continuationLength = 8;

/** Texts that stand for all that may follow, as binary strings. */
function continuations(state: GrammarState): readonly string[] {
  if (state.part === 'done') return [''];
  const { unit } = state;
  if (unit?.written === '') {
    if (unit.kind === 'number') {
      const numbers = Array.from('0123456789', (digit) => `${digit}5`);
      return unit.lead === null ? numbers : [...numbers, ' 5'];
    }
    return unit.choices().map((choice) => choice + unit.after(choice));
  }
  if (state.bytes === null) return characters.flatMap((character) => [character, `${character}a`]);
  let texts: { text: string; state: GrammarState }[] = [{ text: '', state }];
  for (let length = 0; length < continuationLength; length += 1) {
    const longer = texts.flatMap(({ text, state: at }) => {
      const bytes = at.bytes ?? [0x61];
      if (bytes.length === 0) return [{ text, state: at }];
      return bytes.flatMap((byte) => {
        const next = at.step(byte);
        return next === null ? [] : [{ text: text + String.fromCharCode(byte), state: next }];
      });
    });
    texts = longer.slice(0, mostContinuations);
  }
  return texts.map(({ text }) => text);
}
