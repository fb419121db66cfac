import { toBinary } from '../model/token-bytes.ts';
import type { GrammarState } from './grammar-state.ts';

/** The end of an answer, behind which nothing may follow. */
export const done: GrammarState = {
  key: 'done',
  part: 'done',
  bytes: [],
  step: () => null,
  closing: null,
  unit: null,
};

export type Next = () => GrammarState;

/** Every corner makes its own states. Beyond this many, states are not kept but made again when they are needed. */
const statesKept = 4096;

/** The states of one automaton, each made when it is first reached, and kept by its key. */
export class GrammarStates {
  readonly #known = new Map<string, GrammarState>();

  /** A state after a fixed text of which `at` bytes are written. */
  literal(name: string, text: string, part: 'form' | 'box', next: Next, at = 0): GrammarState {
    const bytes = toBinary(text);
    if (at === bytes.length) return next();
    return this.state(`${name}:${at}`, () => {
      const byte = bytes.charCodeAt(at);
      return {
        part,
        bytes: [byte],
        step: (given) => (given === byte ? this.literal(name, text, part, next, at + 1) : null),
        closing: null,
        unit: null,
      };
    });
  }

  state(key: string, make: () => Omit<GrammarState, 'key'>): GrammarState {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= statesKept) this.#known.clear();
    const state = { key, ...make() };
    this.#known.set(key, state);
    return state;
  }
}
