import type { AnswerFormat } from '../../../preload/contract/model.ts';
import { isSeparator, plainLabel } from './plain-label.ts';

/** A format that there is a grammar of. */
export type ConstrainedFormat = Exclude<AnswerFormat, 'none'>;

export interface GrammarOptions {
  readonly format: ConstrainedFormat;
  /** The labels to choose from, the absent one among them; null for any text. */
  readonly labels: readonly string[] | null;
  /** The label that goes with `null` in place of a box. */
  readonly absent: string;
  /** Size of the model's coordinate space, in its own units. */
  readonly extent: { readonly width: number; readonly height: number };
  /** Coordinates are multiples of this many units. */
  readonly step: number;
  /** The prompt ends inside `<think>` already. */
  readonly opened: boolean;
}

/** A text of which there are finitely many: a label or a coordinate. */
export interface GrammarUnit {
  /** Equal for units with the same choices in the same surroundings. */
  readonly key: string;
  readonly kind: 'label' | 'number';
  /** How much of it is written. */
  readonly written: string;
  choices(): readonly string[];
  /** The fixed text right before it, and right after this choice. */
  readonly before: string;
  after(choice: string): string;
  /** The state in which nothing more can be added to it; null where it is not complete. */
  end(): GrammarState | null;
  /** Where a space may stand before it: the state in which one must. */
  readonly lead: (() => GrammarState) | null;
}

/**
 * A state of the automaton over bytes. Texts are "binary strings": one character of code 0..255 for each byte
 * of UTF-8, so that tokens which hold a part of a character are matched like all others.
 */
export interface GrammarState {
  /** Equal for states that behave alike. */
  readonly key: string;
  readonly part: 'reasoning' | 'form' | 'label' | 'box' | 'done';
  /** Bytes that may follow; null where almost any may. */
  readonly bytes: readonly number[] | null;
  step(byte: number): GrammarState | null;
  /** In free text: what ends it from here. Null elsewhere, and in the middle of a character. */
  readonly closing: string | null;
  readonly unit: GrammarUnit | null;
}

export const toBinary = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
export const fromBinary = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

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

/** The automaton of one answer: {@link AnswerGrammar.start}, then {@link GrammarState.step} byte by byte. */
export class AnswerGrammar {
  readonly start: GrammarState;
  readonly options: GrammarOptions;
  readonly #labels: readonly string[] | null;
  readonly #maximum: readonly [number, number];
  readonly #step: number;
  readonly #states = new Map<string, GrammarState>();

  constructor(options: GrammarOptions) {
    this.options = options;
    this.#labels =
      options.labels === null ? null : [...new Set([...options.labels, options.absent])].map(escaped);
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
    if (format === 'json') return this.#literal('object', '{"label": "', 'form', () => this.#labelFirst());
    if (format === 'qwen-bbox-list') return this.#list();
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
          return this.#literal('answer', '<answer>{"label": "', 'form', () => this.#labelFirst());
        }
        return marks.includes(end) ? null : this.#reasoning(end);
      },
      closing: closeThink.startsWith(matched) ? closeThink.slice(matched.length) : closeThink,
      unit: null,
    }));
  }

  #labelFirst(): GrammarState {
    const after = (absent: boolean): { name: string; text: string; next: Next } => {
      const close = this.options.format === 'json' ? '' : '</answer>';
      return absent
        ? { name: 'absent', text: `", "bbox_2d": null}${close}`, next: () => done }
        : {
            name: 'placed',
            text: '", "bbox_2d": [',
            next: () => this.#number([], '', `]}${close}`, () => done),
          };
    };
    return this.#label('', '{"label": "', after);
  }

  #list(): GrammarState {
    const tail = '"}\n]\n```';
    const box = (): GrammarState =>
      this.#number([], '', '], "label": "', () =>
        this.#label('', '], "label": "', () => ({ name: 'tail', text: tail, next: () => done }), false),
      );
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

  #label(
    written: string,
    before: string,
    after: (absent: boolean) => { name: string; text: string; next: Next },
    withAbsent = true,
  ): GrammarState {
    const absent = escaped(this.options.absent);
    if (this.#labels === null)
      return this.#openLabel({ name: before, after, started: false, inside: 'text', absent: 0, withAbsent });
    const labels = withAbsent ? this.#labels : this.#labels.filter((label) => label !== absent);
    const follow = (label: string) => after(label === absent);
    return this.#state(`label:${written}`, () => {
      const possible = labels.filter((label) => label.startsWith(written));
      const complete = possible.includes(written);
      const end = (skip: number): GrammarState | null => {
        if (!complete) return null;
        const { name, text, next } = follow(written);
        return this.#literal(name, text, 'form', next, skip);
      };
      const bytes = new Set(
        possible.filter((label) => label !== written).map((label) => label.charCodeAt(written.length)),
      );
      return {
        part: 'label',
        bytes: [...bytes, ...(complete ? [quote] : [])],
        step: (byte) => {
          if (bytes.has(byte)) {
            return this.#label(written + String.fromCharCode(byte), before, after, withAbsent);
          }
          return byte === quote ? end(1) : null;
        },
        closing: null,
        unit: {
          key: `label:${before}`,
          kind: 'label',
          written,
          choices: () => labels,
          before,
          after: (choice) => follow(choice).text,
          end: () => end(0),
          lead: null,
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
    corners: readonly number[],
    digits: string,
    close: string,
    next: Next,
    spacing: 'open' | 'spaced' | 'tight' = 'open',
  ): GrammarState {
    const slot = corners.length;
    const axis = slot % 2;
    const low = slot < 2 ? 0 : corners[axis]! + this.#step;
    const high = this.#maximum[axis]! - (slot < 2 ? this.#step : 0);
    const comma = spacing === 'spaced' ? ', ' : ',';
    const terminator = slot < 3 ? comma : close;
    const go = (written: string, how: typeof spacing): GrammarState =>
      this.#number(corners, written, close, next, how);
    return this.#state(`corner:${corners.join(',')}:${digits}:${spacing}`, () => {
      const complete = digits !== '' && this.#reaches(digits, low, high, 0);
      const follow: Next = () =>
        slot < 3 ? this.#number([...corners, Number(digits)], '', close, next, spacing) : next();
      const end = (skip: number): GrammarState =>
        this.#literal(`${spacing}:${corners.join(',')},${digits}`, terminator, 'box', follow, skip);
      const more = digitBytes.filter((byte) =>
        this.#reaches(digits + String.fromCharCode(byte), low, high, 3),
      );
      const terminatorByte = terminator.charCodeAt(0);
      const undecided = spacing === 'open' && slot > 0 && digits === '';
      const lead = (): GrammarState =>
        this.#literal(`lead:${corners.join(',')}`, ' ', 'box', () => go('', 'spaced'));
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
