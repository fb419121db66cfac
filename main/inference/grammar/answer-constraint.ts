import type { AnswerGrammar } from './answer-grammar.ts';
import type { GrammarState } from './grammar-state.ts';
import { sharedLength, type CanonicalTokens, type ChoiceNode } from './canonical-tokens.ts';
import type { TokenMask } from './token-mask.ts';
import { walk, type MaskCache, type TokenVocabulary } from './token-vocabulary.ts';

/** Where a text stands: in the grammar, and in the tokens of a label or number. */
interface Place {
  readonly state: GrammarState;
  /** Inside a label or number whose choices are known as tokens: those that may still come. */
  readonly node: ChoiceNode | null;
  /** Tokens and bytes since the last place at which the tokenizer is known to split. */
  readonly ids: readonly number[];
  readonly bytes: string;
}

/** A token that comes next. */
export interface NextToken {
  readonly id: number;
  /** Whether it stands for a part of the label or of a corner, so that its probability says something. */
  readonly tells: boolean;
}

export interface ConstraintParts {
  readonly grammar: AnswerGrammar;
  readonly vocabulary: TokenVocabulary;
  readonly masks: MaskCache;
  readonly canonical: CanonicalTokens;
  /** Tokens by which a model says, in its reasoning, that it wants to go on to the answer. */
  readonly closers: ReadonlySet<number>;
  /** False: each token is drawn, though only one may come. For measurements. */
  readonly jumpForward: boolean;
}

/**
 * Holds one answer to its grammar: which tokens may come next, and which must.
 *
 * ```ts
 * let next = constraint.begin();                       // tokens that stand before anything is drawn
 * for (;;) {
 *   const logits = await feed(next);
 *   if (constraint.done) break;
 *   next = constraint.take(draw(logits, constraint.mask())); // the drawn token, and all that it forces
 * }
 * ```
 */
export class AnswerConstraint {
  readonly #parts: ConstraintParts;
  #place: Place;

  constructor(parts: ConstraintParts) {
    this.#parts = parts;
    this.#place = this.#enter({ state: parts.grammar.start, node: null, ids: [], bytes: '' });
  }

  get done(): boolean {
    return this.#place.state.part === 'done';
  }

  get part(): GrammarState['part'] {
    return this.#place.state.part;
  }

  /** The choices of the answer's label, where the next token is its first; null elsewhere. */
  get labelChoices(): ChoiceNode | null {
    const { state, node } = this.#place;
    return state.unit?.alternatives === true && state.unit.written === '' ? node : null;
  }

  /** Whether free text is under way that {@link close} can end here. */
  get closable(): boolean {
    return this.#place.state.closing !== null;
  }

  /** The tokens that may come next. */
  mask(): TokenMask {
    return this.#maskOf(this.#place);
  }

  /** The tokens that an answer of this grammar must begin with. */
  begin(): NextToken[] {
    return this.#extend([]);
  }

  /**
   * Takes a token that was drawn. Returns what is to be fed: the token, and those that it forces. A token that the
   * tokenizer would have melted with what it forces is replaced by what the tokenizer writes.
   */
  take(id: number): NextToken[] {
    if (this.#place.state.part === 'reasoning' && this.#parts.closers.has(id)) return this.close();
    return this.#extend([id]);
  }

  /** Ends the free text that is under way. Returns the tokens to be fed for that. */
  close(): NextToken[] {
    const { closing } = this.#place.state;
    if (closing === null) throw new RangeError('there is no free text to end here');
    return this.#extend(this.#parts.canonical.encode(closing));
  }

  #maskOf(place: Place): TokenMask {
    const { state, node } = place;
    if (node === null) return this.#parts.masks.get(state);
    const end = node.choice === null ? null : (state.unit?.end() ?? null);
    const lead = state.unit?.lead?.() ?? null;
    const others = [end, lead].flatMap((at) => (at === null ? [] : allowed(this.#parts.masks.get(at))));
    return { allow: Int32Array.from([...node.children.keys(), ...others]) };
  }

  #extend(drawn: readonly number[]): NextToken[] {
    let ids: number[] = [];
    let places = [this.#place];
    const push = (id: number): void => {
      ids.push(id);
      places.push(this.#after(places.at(-1)!, id));
    };
    drawn.forEach(push);
    while (this.#parts.jumpForward) {
      const place = places.at(-1)!;
      if (place.state.bytes === null) break;
      const only = allowed(this.#maskOf(place));
      if (only.length === 1) {
        push(only[0]!);
        continue;
      }
      if (place.node !== null) break;
      const forced = forcedText(place.state);
      if (forced.text === '') break;
      const whole = this.#parts.canonical.settled(place.bytes + forced.text, forced.state);
      // Of the tokens since the split, those that are fed already have to stay; the others may be split anew.
      const open = Math.min(ids.length, place.ids.length);
      const fed = place.ids.slice(0, place.ids.length - open);
      if (sharedLength(whole, fed) === fed.length && this.#length(whole) > place.bytes.length) {
        ids = ids.slice(0, ids.length - open);
        places = places.slice(0, ids.length + 1);
        whole.slice(fed.length).forEach(push);
        continue;
      }
      // The model's text is split in another way than its tokenizer would split it, so the forced text stands alone.
      const alone = this.#parts.canonical.settled(forced.text, forced.state);
      if (alone.length === 0) break;
      alone.forEach(push);
    }
    this.#place = places.at(-1)!;
    return ids.map((id, index) => ({ id, tells: this.#tells(id, places[index]!.state.part) }));
  }

  #tells(id: number, part: GrammarState['part']): boolean {
    return part === 'label' || (part === 'box' && /\d/.test(this.#parts.vocabulary.bytes(id)));
  }

  #length(ids: readonly number[]): number {
    return ids.reduce((sum, id) => sum + this.#parts.vocabulary.bytes(id).length, 0);
  }

  #after(place: Place, id: number): Place {
    const bytes = this.#parts.vocabulary.bytes(id);
    const state = this.#parts.vocabulary.advance(place.state, id);
    if (state === null) {
      throw new RangeError(`the grammar does not let token ${id} through at ${place.state.key}`);
    }
    if (state.part === 'reasoning') return { state, node: null, ids: [], bytes: '' };
    if (place.node !== null) {
      const node = place.node.children.get(id);
      if (node === undefined) return this.#enter({ state, node: null, ids: [id], bytes });
      const end = node.children.size === 0 ? (state.unit?.end() ?? null) : null;
      return end === null
        ? { state, node, ids: [], bytes: '' }
        : { state: end, node: null, ids: [], bytes: '' };
    }
    return this.#enter({ state, node: null, ids: [...place.ids, id], bytes: place.bytes + bytes });
  }

  /** At the beginning of a label or number, finds its choices. */
  #enter(place: Place): Place {
    const { unit } = place.state;
    if (unit?.written !== '') return place;
    const node = this.#parts.canonical.tree(unit);
    return node === null ? place : { state: place.state, node, ids: [], bytes: '' };
  }
}

function allowed(mask: TokenMask): readonly number[] {
  return 'allow' in mask ? [...mask.allow] : [];
}

/** The text that must follow, up to a choice or to the beginning of a label or number. */
function forcedText(from: GrammarState): { readonly text: string; readonly state: GrammarState } {
  let text = '';
  let state = from;
  while (state.bytes?.length === 1 && !(text !== '' && state.unit?.written === '')) {
    const byte = String.fromCharCode(state.bytes[0]!);
    const next = walk(state, byte);
    if (next === null) break;
    text += byte;
    state = next;
  }
  return { text, state };
}
