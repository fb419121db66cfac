import type { GrammarState } from './grammar-state.ts';
import type { GrammarStates, Next } from './grammar-states.ts';

/** Where a box stands, and what follows it. */
export interface BoxSite {
  /** Of this site alone. */
  readonly name: string;
  readonly close: string;
  readonly next: Next;
}

const space = 0x20;
const digitBytes = Array.from('0123456789', (digit) => digit.charCodeAt(0));

/** The four numbers of a box: whole multiples of a step, within the picture, with an area. */
export class BoxGrammar {
  readonly #states: GrammarStates;
  readonly #maximum: readonly [number, number];
  readonly #step: number;

  /** @param extent the size of the model's coordinate space, in its own units, as `step` is */
  constructor(states: GrammarStates, extent: { width: number; height: number }, step: number) {
    this.#states = states;
    // Coordinates are written as whole numbers; a finer step than one has no whole multiples of its own.
    this.#step = Number.isInteger(step) ? step : 1;
    const last = (side: number): number => Math.floor(side / this.#step) * this.#step;
    this.#maximum = [last(extent.width), last(extent.height)];
  }

  /** The state before a box's first digit. */
  begin(site: BoxSite): GrammarState {
    return this.#number(site, [], '');
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
    return this.#states.state(`corner:${name}:${corners.join(',')}:${digits}:${spacing}`, () => {
      const complete = digits !== '' && this.#reaches(digits, low, high, 0);
      const follow: Next = () =>
        slot < 3 ? this.#number(site, [...corners, Number(digits)], '', spacing) : next();
      const end = (skip: number): GrammarState =>
        this.#states.literal(
          `${name}:${spacing}:${corners.join(',')},${digits}`,
          terminator,
          'box',
          follow,
          skip,
        );
      const more = digitBytes.filter((byte) =>
        this.#reaches(digits + String.fromCharCode(byte), low, high, 3),
      );
      const terminatorByte = terminator.charCodeAt(0);
      const undecided = spacing === 'open' && slot > 0 && digits === '';
      const lead = (): GrammarState =>
        this.#states.literal(`${name}:lead:${corners.join(',')}`, ' ', 'box', () => go('', 'spaced'));
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
