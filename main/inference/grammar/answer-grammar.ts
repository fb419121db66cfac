import { BoxGrammar, type BoxSite } from './box-grammar.ts';
import type { GrammarOptions, GrammarState, ListOptions } from './grammar-state.ts';
import { done, GrammarStates } from './grammar-states.ts';
import { escaped, LabelGrammar } from './label-grammar.ts';

const closeThink = '</think>';
/** None of these may stand in the reasoning; the first ends it. */
const marks = [closeThink, '<think>', '<answer>', '</answer>'];
/** A free text of reasoning can only break a rule with this byte, the last of every mark. */
export const markEnd = '>';

const openObject = '{"label": "';
const openBox = '", "bbox_2d": [';
const noBox = '", "bbox_2d": null}';

/** The automaton of one answer: {@link AnswerGrammar.start}, then {@link GrammarState.step} byte by byte. */
export class AnswerGrammar {
  readonly start: GrammarState;
  readonly options: GrammarOptions;
  readonly #labels: readonly string[] | null;
  /** Labels, as they are written, that have no box. */
  readonly #boxless: ReadonlySet<string>;
  readonly #lists: ListOptions | null;
  readonly #states = new GrammarStates();
  readonly #label: LabelGrammar;
  readonly #box: BoxGrammar;

  constructor(options: GrammarOptions) {
    this.options = options;
    const boxless = options.labels === null ? [] : (options.boxless ?? []);
    this.#labels =
      options.labels === null
        ? null
        : [...new Set([...options.labels, options.absent, ...boxless])].map(escaped);
    this.#boxless = new Set([options.absent, ...boxless].map(escaped));
    const lists = options.labels === null ? null : (options.lists ?? null);
    this.#lists = lists && {
      heads: lists.heads.map(escaped),
      items: lists.items.map(escaped),
      most: lists.most,
    };
    this.#label = new LabelGrammar(this.#states, options.absent);
    this.#box = new BoxGrammar(this.#states, options.extent, options.step);
    this.start = this.#begin();
  }

  /** Labels that can be chosen, as they are written; null for any text. */
  get labels(): readonly string[] | null {
    return this.#labels;
  }

  #begin(): GrammarState {
    const { format, opened } = this.options;
    if (format === 'json') return this.#objects('');
    if (format === 'qwen-bbox-list') return this.#qwenList();
    return opened
      ? this.#reasoning('')
      : this.#states.literal('think', '<think>', 'form', () => this.#reasoning(''));
  }

  /** Free text; `matched` is the part of a mark that it ends with. */
  #reasoning(matched: string): GrammarState {
    return this.#states.state(`reasoning:${matched}`, () => ({
      part: 'reasoning',
      bytes: null,
      step: (byte) => {
        let end = matched + String.fromCharCode(byte);
        while (end !== '' && !marks.some((mark) => mark.startsWith(end))) end = end.slice(1);
        if (end === closeThink) {
          return this.#states.literal('answer', '<answer>', 'form', () => this.#objects('</answer>'));
        }
        return marks.includes(end) ? null : this.#reasoning(end);
      },
      closing: closeThink.startsWith(matched) ? closeThink.slice(matched.length) : closeThink,
      unit: null,
    }));
  }

  /** One object, or a list of them where that is allowed; then `close`. */
  #objects(close: string): GrammarState {
    const single = (skip: number): GrammarState =>
      this.#states.literal('object', openObject, 'form', () => this.#labelFirst(close), skip);
    if (this.#lists === null) return single(0);
    return this.#states.state('objects', () => ({
      part: 'form',
      bytes: ['{'.charCodeAt(0), '['.charCodeAt(0)],
      step: (byte) =>
        byte === '{'.charCodeAt(0)
          ? single(1)
          : byte === '['.charCodeAt(0)
            ? this.#states.literal('list', `[${openObject}`, 'form', () => this.#item(0, true, close), 1)
            : null,
      closing: null,
      unit: null,
    }));
  }

  /** The label of one object, and what follows it. */
  #labelFirst(close: string): GrammarState {
    const placed = (): GrammarState =>
      this.#box.begin({ name: 'object', close: `]}${close}`, next: () => done });
    if (this.#labels === null) {
      return this.#label.text({
        name: openObject,
        after: (absent) =>
          absent
            ? { name: 'absent', text: `${noBox}${close}`, next: () => done }
            : { name: 'placed', text: openBox, next: placed },
        withAbsent: true,
      });
    }
    return this.#label.choice({
      name: 'object',
      labels: this.#labels,
      before: openObject,
      after: (label) =>
        this.#boxless.has(label)
          ? { name: 'absent', text: `${noBox}${close}`, next: () => done }
          : { name: 'placed', text: openBox, next: placed },
      alternatives: true,
    });
  }

  /** The label of a list's next object, of which `count` with a box stand before it. */
  #item(count: number, first: boolean, close: string): GrammarState {
    const { heads, items, most } = this.#lists!;
    const name = `item:${count}:${first}`;
    const box: BoxSite = {
      name,
      close: ']}',
      next: () =>
        this.#states.state(`after:${count + 1}`, () => ({
          part: 'form',
          bytes: [...(count + 1 < most ? [','.charCodeAt(0)] : []), ']'.charCodeAt(0)],
          step: (byte) =>
            byte === ','.charCodeAt(0) && count + 1 < most
              ? this.#states.literal(
                  `more:${count + 1}`,
                  `, ${openObject}`,
                  'form',
                  () => this.#item(count + 1, false, close),
                  1,
                )
              : byte === ']'.charCodeAt(0)
                ? this.#states.literal('listed', `]${close}`, 'form', () => done, 1)
                : null,
          closing: null,
          unit: null,
        })),
    };
    return this.#label.choice({
      name,
      labels: first ? [...heads, ...items] : items,
      before: openObject,
      after: (label) =>
        first && heads.includes(label)
          ? { name: 'head', text: `${noBox}, ${openObject}`, next: () => this.#item(0, false, close) }
          : { name, text: openBox, next: () => this.#box.begin(box) },
      alternatives: first,
    });
  }

  #qwenList(): GrammarState {
    const tail = '"}\n]\n```';
    const labelled = (): GrammarState => {
      const before = '], "label": "';
      const after = () => ({ name: 'tail', text: tail, next: () => done });
      if (this.#labels === null) {
        return this.#label.text({
          ...{ name: before, after, withAbsent: false },
        });
      }
      const labels = this.#labels.filter((label) => !this.#boxless.has(label));
      return this.#label.choice({ name: 'object', labels, before, after, alternatives: true });
    };
    const box = (): GrammarState =>
      this.#box.begin({ name: 'object', close: '], "label": "', next: labelled });
    const object = '\n\t{"bbox_2d": [';
    return this.#states.literal('fence', '```json\n[', 'form', () =>
      this.#states.state('list', () => ({
        part: 'form',
        bytes: ['\n'.charCodeAt(0), ']'.charCodeAt(0)],
        step: (byte) =>
          byte === object.charCodeAt(0)
            ? this.#states.literal('object', object, 'form', box, 1)
            : byte === ']'.charCodeAt(0)
              ? this.#states.literal('empty', ']\n```', 'form', () => done, 1)
              : null,
        closing: null,
        unit: null,
      })),
    );
  }
}
