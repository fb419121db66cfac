import { toBinary } from '../model/token-bytes.ts';
import type { GrammarOptions, GrammarState, ListOptions } from './grammar-state.ts';
import { isSeparator, plainLabel } from './plain-label.ts';

const closeThink = '</think>';
/** None of these may stand in the reasoning; the first ends it. */
const marks = [closeThink, '<think>', '<answer>', '</answer>'];
/** A free text of reasoning can only break a rule with this byte, the last of every mark. */
export const markEnd = '>';

const done: GrammarState = {
  key: 'done',
  part: 'done',
  bytes: [],
  step: () => null,
  closing: null,
  unit: null,
};

type Next = () => GrammarState;

/** Where a label of a closed set stands, and what follows it. */
interface LabelSite {
  /** Of this site alone. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly before: string;
  readonly after: (label: string) => { name: string; text: string; next: Next };
  readonly alternatives: boolean;
}

/** Where a box stands, and what follows it. */
interface BoxSite {
  /** Of this site alone. */
  readonly name: string;
  readonly close: string;
  readonly next: Next;
}

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
  readonly #maximum: readonly [number, number];
  readonly #step: number;
  readonly #states = new Map<string, GrammarState>();

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
    // Coordinates are written as whole numbers; a finer step than one has no whole multiples of its own.
    this.#step = Number.isInteger(options.step) ? options.step : 1;
    const last = (side: number): number => Math.floor(side / this.#step) * this.#step;
    this.#maximum = [last(options.extent.width), last(options.extent.height)];
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
      : this.#literal('think', '<think>', 'form', () => this.#reasoning(''));
  }

  /** A state after a fixed text of which `at` bytes are written. */
  #literal(name: string, text: string, part: 'form' | 'box', next: Next, at = 0): GrammarState {
    const bytes = toBinary(text);
    if (at === bytes.length) return next();
    return this.#state(`${name}:${at}`, () => {
      const byte = bytes.charCodeAt(at);
      return {
        part,
        bytes: [byte],
        step: (given) => (given === byte ? this.#literal(name, text, part, next, at + 1) : null),
        closing: null,
        unit: null,
      };
    });
  }

  #state(key: string, make: () => Omit<GrammarState, 'key'>): GrammarState {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= statesKept) this.#states.clear();
    const state = { key, ...make() };
    this.#states.set(key, state);
    return state;
  }

  /** Free text; `matched` is the part of a mark that it ends with. */
  #reasoning(matched: string): GrammarState {
    return this.#state(`reasoning:${matched}`, () => ({
      part: 'reasoning',
      bytes: null,
      step: (byte) => {
        let end = matched + String.fromCharCode(byte);
        while (end !== '' && !marks.some((mark) => mark.startsWith(end))) end = end.slice(1);
        if (end === closeThink) {
          return this.#literal('answer', '<answer>', 'form', () => this.#objects('</answer>'));
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
      this.#literal('object', openObject, 'form', () => this.#labelFirst(close), skip);
    if (this.#lists === null) return single(0);
    return this.#state('objects', () => ({
      part: 'form',
      bytes: ['{'.charCodeAt(0), '['.charCodeAt(0)],
      step: (byte) =>
        byte === '{'.charCodeAt(0)
          ? single(1)
          : byte === '['.charCodeAt(0)
            ? this.#literal('list', `[${openObject}`, 'form', () => this.#item(0, true, close), 1)
            : null,
      closing: null,
      unit: null,
    }));
  }

  /** The label of one object, and what follows it. */
  #labelFirst(close: string): GrammarState {
    const placed = (): GrammarState =>
      this.#number({ name: 'object', close: `]}${close}`, next: () => done }, [], '');
    if (this.#labels === null) {
      return this.#openLabel({
        name: openObject,
        after: (absent) =>
          absent
            ? { name: 'absent', text: `${noBox}${close}`, next: () => done }
            : { name: 'placed', text: openBox, next: placed },
        ...{ started: false, inside: 'text', absent: 0, withAbsent: true },
      });
    }
    return this.#label({
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
        this.#state(`after:${count + 1}`, () => ({
          part: 'form',
          bytes: [...(count + 1 < most ? [','.charCodeAt(0)] : []), ']'.charCodeAt(0)],
          step: (byte) =>
            byte === ','.charCodeAt(0) && count + 1 < most
              ? this.#literal(
                  `more:${count + 1}`,
                  `, ${openObject}`,
                  'form',
                  () => this.#item(count + 1, false, close),
                  1,
                )
              : byte === ']'.charCodeAt(0)
                ? this.#literal('listed', `]${close}`, 'form', () => done, 1)
                : null,
          closing: null,
          unit: null,
        })),
    };
    return this.#label({
      name,
      labels: first ? [...heads, ...items] : items,
      before: openObject,
      after: (label) =>
        first && heads.includes(label)
          ? { name: 'head', text: `${noBox}, ${openObject}`, next: () => this.#item(0, false, close) }
          : { name, text: openBox, next: () => this.#number(box, [], '') },
      alternatives: first,
    });
  }

  #qwenList(): GrammarState {
    const tail = '"}\n]\n```';
    const labelled = (): GrammarState => {
      const before = '], "label": "';
      const after = () => ({ name: 'tail', text: tail, next: () => done });
      if (this.#labels === null) {
        return this.#openLabel({
          ...{ name: before, after, started: false, inside: 'text', absent: 0, withAbsent: false },
        });
      }
      const labels = this.#labels.filter((label) => !this.#boxless.has(label));
      return this.#label({ name: 'object', labels, before, after, alternatives: true });
    };
    const box = (): GrammarState =>
      this.#number({ name: 'object', close: '], "label": "', next: labelled }, [], '');
    const object = '\n\t{"bbox_2d": [';
    return this.#literal('fence', '```json\n[', 'form', () =>
      this.#state('list', () => ({
        part: 'form',
        bytes: ['\n'.charCodeAt(0), ']'.charCodeAt(0)],
        step: (byte) =>
          byte === object.charCodeAt(0)
            ? this.#literal('object', object, 'form', box, 1)
            : byte === ']'.charCodeAt(0)
              ? this.#literal('empty', ']\n```', 'form', () => done, 1)
              : null,
        closing: null,
        unit: null,
      })),
    );
  }

  /** A label of a closed set, of which `written` is there. */
  #label(site: LabelSite, written = ''): GrammarState {
    const { name, labels, before, after, alternatives } = site;
    return this.#state(`label:${name}:${written}`, () => {
      const possible = labels.filter((label) => label.startsWith(written));
      const complete = possible.includes(written);
      const end = (skip: number): GrammarState | null => {
        if (!complete) return null;
        const { name: follower, text, next } = after(written);
        return this.#literal(`${name}:${follower}`, text, 'form', next, skip);
      };
      const bytes = new Set(
        possible.filter((label) => label !== written).map((label) => label.charCodeAt(written.length)),
      );
      return {
        part: 'label',
        bytes: [...bytes, ...(complete ? [quote] : [])],
        step: (byte) => {
          if (bytes.has(byte)) return this.#label(site, written + String.fromCharCode(byte));
          return byte === quote ? end(1) : null;
        },
        closing: null,
        unit: {
          key: `label:${name}:${before}`,
          kind: 'label',
          written,
          choices: () => labels,
          before,
          after: (choice) => after(choice).text,
          end: () => end(0),
          lead: null,
          alternatives,
        },
      };
    });
  }

  /** Any JSON text that holds more than white space. */
  #openLabel(at: OpenLabel): GrammarState {
    const key = `open-label:${at.name}:${at.started}:${at.inside}:${at.absent}`;
    return this.#state(key, () => {
      const isAbsent = at.absent === plainLabel(this.options.absent).length;
      const { name, text, next } = at.after(isAbsent);
      const closable = at.started && (at.withAbsent || !isAbsent);
      const go = (change: Partial<OpenLabel>): GrammarState => this.#openLabel({ ...at, ...change });
      const step = (byte: number): GrammarState | null => {
        if (typeof at.inside === 'number') {
          // The rest of a character of several bytes.
          return byte >= 0x80 && byte < 0xc0 ? go({ inside: at.inside > 1 ? at.inside - 1 : 'text' }) : null;
        }
        if (at.inside === 'escape') {
          return '"\\/'.includes(String.fromCharCode(byte))
            ? go({ inside: 'text', started: true, absent: -1 })
            : null;
        }
        if (byte === quote) return closable ? this.#literal(name, text, 'form', next, 1) : null;
        if (byte === backslash) return go({ inside: 'escape', absent: -1 });
        if (byte < 0x20) return null;
        if (byte < 0x80) {
          const character = String.fromCharCode(byte);
          return go({
            started: at.started || character !== ' ',
            absent: followAbsent(plainLabel(this.options.absent), at.absent, character),
          });
        }
        const more = byte >= 0xc2 && byte < 0xe0 ? 1 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte < 0xf5 ? 3 : 0;
        return more === 0 || byte < 0xc2 ? null : go({ started: true, absent: -1, inside: more });
      };
      return {
        part: 'label',
        bytes: null,
        step,
        closing: at.inside === 'text' && closable ? '"' : null,
        unit: null,
      };
    });
  }

  /**
   * One of the four corners, of which `digits` are written. It has to leave room for what must follow: x1 and y1
   * end a step before the edge, x2 and y2 begin a step after x1 and y1. Whether spaces stand between them is for
   * the model to say, once: what it does after the first comma, it does after all.
   */
  #number(
    site: BoxSite,
    corners: readonly number[],
    digits: string,
    spacing: 'open' | 'spaced' | 'tight' = 'open',
  ): GrammarState {
    const { name, close, next } = site;
    const slot = corners.length;
    const axis = slot % 2;
    const low = slot < 2 ? 0 : corners[axis]! + this.#step;
    const high = this.#maximum[axis]! - (slot < 2 ? this.#step : 0);
    const comma = spacing === 'spaced' ? ', ' : ',';
    const terminator = slot < 3 ? comma : close;
    const go = (written: string, how: typeof spacing): GrammarState =>
      this.#number(site, corners, written, how);
    return this.#state(`corner:${name}:${corners.join(',')}:${digits}:${spacing}`, () => {
      const complete = digits !== '' && this.#reaches(digits, low, high, 0);
      const follow: Next = () =>
        slot < 3 ? this.#number(site, [...corners, Number(digits)], '', spacing) : next();
      const end = (skip: number): GrammarState =>
        this.#literal(`${name}:${spacing}:${corners.join(',')},${digits}`, terminator, 'box', follow, skip);
      const more = digitBytes.filter((byte) =>
        this.#reaches(digits + String.fromCharCode(byte), low, high, 3),
      );
      const terminatorByte = terminator.charCodeAt(0);
      const undecided = spacing === 'open' && slot > 0 && digits === '';
      const lead = (): GrammarState =>
        this.#literal(`${name}:lead:${corners.join(',')}`, ' ', 'box', () => go('', 'spaced'));
      return {
        part: 'box',
        bytes: [...more, ...(complete ? [terminatorByte] : []), ...(undecided ? [space] : [])],
        step: (byte) => {
          if (complete && byte === terminatorByte) return end(1);
          if (undecided && byte === space) return go('', 'spaced');
          const decided = slot > 0 && spacing === 'open' ? 'tight' : spacing;
          return more.includes(byte) ? go(digits + String.fromCharCode(byte), decided) : null;
        },
        closing: null,
        unit: {
          key: `number:${low}:${high}:${slot}:${spacing}:${terminator}`,
          kind: 'number',
          written: digits,
          choices: () =>
            Array.from({ length: Math.floor((high - low) / this.#step) + 1 }, (_, index) =>
              String(low + index * this.#step),
            ),
          before: slot === 0 ? '"bbox_2d": [' : comma,
          after: () => terminator,
          end: () => (complete ? end(0) : null),
          lead: undecided ? lead : null,
          alternatives: false,
        },
      };
    });
  }

  /** Whether a multiple of the step in `low..high` is written with these digits and at most `more` after them. */
  #reaches(digits: string, low: number, high: number, more: number): boolean {
    if (digits.length > 1 && digits.startsWith('0')) return false;
    for (let extra = 0; extra <= (digits === '0' ? 0 : more); extra += 1) {
      const from = Math.max(Number(digits) * 10 ** extra, low);
      const to = Math.min(Number(digits) * 10 ** extra + 10 ** extra - 1, high);
      if (Math.ceil(from / this.#step) * this.#step <= to) return true;
    }
    return false;
  }
}

interface OpenLabel {
  readonly name: string;
  readonly after: (absent: boolean) => { name: string; text: string; next: Next };
  /** Whether there is something other than a space. */
  readonly started: boolean;
  /** Bytes that are missing from the character under way, or what kind of place this is. */
  readonly inside: 'text' | 'escape' | number;
  /** Characters of the absent label that this text is so far, in its plain form; -1 for another text. */
  readonly absent: number;
  /** Whether it may be the absent label. */
  readonly withAbsent: boolean;
}

/** Every corner makes states of its own; past this many they are made anew when they are needed. */
const statesKept = 4096;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const digitBytes = Array.from('0123456789', (digit) => digit.charCodeAt(0));

/** As it is written between the quotes. */
function escaped(label: string): string {
  return toBinary(JSON.stringify(label).slice(1, -1));
}

/** Follows {@link plainLabel} character by character: how much of the absent label is matched. */
function followAbsent(plain: string, matched: number, character: string): number {
  if (matched < 0) return -1;
  if (isSeparator(character)) {
    if (plain[matched] === ' ') return matched + 1;
    const between = matched > 0 && matched < plain.length && plain[matched - 1] === ' ';
    const outside = character === ' ' && (matched === 0 || matched === plain.length);
    return between || outside ? matched : -1;
  }
  return plain[matched] === character.toLowerCase() ? matched + 1 : -1;
}
