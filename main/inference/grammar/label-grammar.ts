import { toBinary } from '../model/token-bytes.ts';
import type { GrammarState } from './grammar-state.ts';
import type { GrammarStates, Next } from './grammar-states.ts';
import { isSeparator, plainLabel } from './plain-label.ts';

/** Where a label of a closed set stands, and what follows it. */
export interface LabelSite {
  /** Of this site alone. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly before: string;
  readonly after: (label: string) => { name: string; text: string; next: Next };
  readonly alternatives: boolean;
}

/** Where a label of any text stands, and what follows it. */
export interface OpenLabelSite {
  readonly name: string;
  readonly after: (absent: boolean) => { name: string; text: string; next: Next };
  /** Whether it may be the absent label. */
  readonly withAbsent: boolean;
}

interface OpenLabel extends OpenLabelSite {
  /** Whether there is something other than a space. */
  readonly started: boolean;
  /** Bytes that are missing from the character under way, or what kind of place this is. */
  readonly inside: 'text' | 'escape' | number;
  /** Characters of the absent label that this text is so far, in its plain form; -1 for another text. */
  readonly absent: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** A label as it is written between the quotes of JSON. */
export function escaped(label: string): string {
  return toBinary(JSON.stringify(label).slice(1, -1));
}

/** The label of an object: one of a closed set, or any text. */
export class LabelGrammar {
  readonly #states: GrammarStates;
  readonly #absent: string;

  /** @param absent the label of what is not there */
  constructor(states: GrammarStates, absent: string) {
    this.#states = states;
    this.#absent = plainLabel(absent);
  }

  /** The state before the first character of one of the site's labels. */
  choice(site: LabelSite): GrammarState {
    return this.#choice(site, '');
  }

  /** The state before the first character of any JSON text that holds more than white space. */
  text(site: OpenLabelSite): GrammarState {
    return this.#text({ ...site, started: false, inside: 'text', absent: 0 });
  }

  /** A label of a closed set, of which `written` is there. */
  #choice(site: LabelSite, written: string): GrammarState {
    const { name, labels, before, after, alternatives } = site;
    return this.#states.state(`label:${name}:${written}`, () => {
      const possible = labels.filter((label) => label.startsWith(written));
      const complete = possible.includes(written);
      const end = (skip: number): GrammarState | null => {
        if (!complete) return null;
        const { name: follower, text, next } = after(written);
        return this.#states.literal(`${name}:${follower}`, text, 'form', next, skip);
      };
      const bytes = new Set(
        possible.filter((label) => label !== written).map((label) => label.charCodeAt(written.length)),
      );
      return {
        part: 'label',
        bytes: [...bytes, ...(complete ? [quote] : [])],
        step: (byte) => {
          if (bytes.has(byte)) return this.#choice(site, written + String.fromCharCode(byte));
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

  #text(at: OpenLabel): GrammarState {
    const key = `open-label:${at.name}:${at.started}:${at.inside}:${at.absent}`;
    return this.#states.state(key, () => {
      const isAbsent = at.absent === this.#absent.length;
      const { name, text, next } = at.after(isAbsent);
      const closable = at.started && (at.withAbsent || !isAbsent);
      const go = (change: Partial<OpenLabel>): GrammarState => this.#text({ ...at, ...change });
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
        if (byte === quote) return closable ? this.#states.literal(name, text, 'form', next, 1) : null;
        if (byte === backslash) return go({ inside: 'escape', absent: -1 });
        if (byte < 0x20) return null;
        if (byte < 0x80) {
          const character = String.fromCharCode(byte);
          return go({
            started: at.started || character !== ' ',
            absent: followAbsent(this.#absent, at.absent, character),
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
