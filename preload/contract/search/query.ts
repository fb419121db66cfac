/** The words that can follow `is:`. */
export const foundStates = ['open', 'accepted', 'corrected', 'rejected', 'unsure', 'damaged'] as const;
export type FoundState = (typeof foundStates)[number];

/** A word to search for, or several that must follow each other in the text. */
export interface SearchTerm {
  /** Folded words, at least one. */
  readonly words: readonly string[];
  /** Whether the last word may be the beginning of a longer one, because it is still being typed. */
  readonly prefix: boolean;
}

/** What a person searches for. A result must match all parts. */
export interface SearchQuery {
  readonly terms: readonly SearchTerm[];
  /** Words of the label, either the model's or the person's own. */
  readonly labels: readonly SearchTerm[];
  readonly models: readonly SearchTerm[];
  /** Words of the case's name. */
  readonly cases: readonly SearchTerm[];
  readonly states: readonly FoundState[];
  /** Whether words were left out, because more were given than are searched for. */
  readonly cut: boolean;
}

/** The most words that are searched for. Nobody types more, and the beginning of a pasted text is enough to find it. */
const mostWords = 40;

const wordPattern = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;

/** A folded word of a text, with its position in UTF-16 units. */
interface PlacedWord {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** Removes case and accents, as the search index does (`unicode61 remove_diacritics 2`). */
const fold = (word: string): string => word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function wordsOf(text: string): PlacedWord[] {
  return Array.from(text.matchAll(wordPattern), ({ 0: word, index }) => ({
    word: fold(word),
    from: index,
    to: index + word.length,
  }));
}

/** `label:x`, `label:"two words"`, `"a phrase"`, or a word up to the next space. A quote that is not closed goes to the end. */
const partPattern = /(?:(label|is|model|case):)?(?:"([^"]*)("|$)|([^\s"]+))/giu;

/**
 * Parses what a person typed. Every text is a valid query: anything but a filter is searched for as words, and parts without
 * letters or digits are ignored.
 */
export function parseSearch(text: string): SearchQuery {
  const found = { terms: [] as SearchTerm[], labels: [], models: [], cases: [] } as Record<
    'terms' | 'labels' | 'models' | 'cases',
    SearchTerm[]
  >;
  const states = new Set<FoundState>();
  const lists = { label: found.labels, model: found.models, case: found.cases } as const;
  let count = 0;
  let cut = false;
  for (const part of text.matchAll(partPattern)) {
    const [whole, filter = '', quoted, closing, plain] = part;
    const value = quoted ?? plain ?? '';
    const name = filter.toLowerCase();
    const state = foundStates.find((known) => known === value.toLowerCase());
    if (name === 'is' && state !== undefined) {
      states.add(state);
      continue;
    }
    const isFilter = name === 'label' || name === 'model' || name === 'case';
    const words = wordsOf(isFilter ? value : name === 'is' ? whole : value).map(({ word }) => word);
    if (words.length === 0) continue;
    if (count + words.length > mostWords) {
      cut = true;
      break;
    }
    count += words.length;
    const isLast = part.index + whole.length === text.length;
    const prefix = isLast && closing !== '"';
    (isFilter ? lists[name] : found.terms).push({ words, prefix: isFilter ? closing !== '"' : prefix });
  }
  return { ...found, states: [...states], cut };
}

/** Whether a query asks for nothing. */
export const isEmptySearch = ({ terms, labels, models, cases, states }: SearchQuery): boolean =>
  terms.length + labels.length + models.length + cases.length + states.length === 0;

/** The range of a term in a text, in UTF-16 units. */
export type TextRange = readonly [from: number, to: number];

/** Every range of a text that one of the terms matches, in order and without overlap. */
export function rangesIn(text: string, terms: readonly SearchTerm[]): TextRange[] {
  const words = wordsOf(text);
  const ranges: TextRange[] = [];
  for (let at = 0; at < words.length; at++) {
    const longest = Math.max(0, ...terms.map((term) => (standsAt(words, at, term) ? term.words.length : 0)));
    const first = words[at];
    const last = words[at + longest - 1];
    if (longest === 0 || first === undefined || last === undefined) continue;
    ranges.push([first.from, last.to]);
    at += longest - 1;
  }
  return ranges;
}

function standsAt(words: readonly PlacedWord[], at: number, { words: wanted, prefix }: SearchTerm): boolean {
  return wanted.every((word, index) => {
    const found = words[at + index]?.word;
    const isLast = index === wanted.length - 1;
    return found !== undefined && (isLast && prefix ? found.startsWith(word) : found === word);
  });
}

/** A part of a text, with the ranges in it that match. */
export interface Snippet {
  readonly text: string;
  readonly ranges: TextRange[];
}

/** The length of a text that a line shows, in UTF-16 units. */
const snippetLength = 160;
const before = 40;

/** The part of a text around its first match, with an ellipsis for what is left out. */
export function snippetOf(text: string, terms: readonly SearchTerm[]): Snippet {
  const flat = text.replace(/\s/gu, ' ');
  const ranges = rangesIn(flat, terms);
  if (flat.length <= snippetLength) return { text: flat, ranges };
  const first = ranges[0]?.[0] ?? 0;
  const from = first <= before ? 0 : wordStart(flat, first - before);
  const to = Math.min(flat.length, from + snippetLength);
  const lead = from > 0 ? '…' : '';
  const tail = to < flat.length ? '…' : '';
  const shift = lead.length - from;
  return {
    text: `${lead}${flat.slice(from, to)}${tail}`,
    ranges: ranges.flatMap(([start, end]): TextRange[] =>
      start < from || end > to ? [] : [[start + shift, end + shift]],
    ),
  };
}

/** The next beginning of a word if one is near, so that a snippet does not begin within a word. */
function wordStart(text: string, at: number): number {
  const space = text.indexOf(' ', at);
  if (space >= 0 && space < at + before) return space + 1;
  // A snippet must not begin within a character of two UTF-16 units.
  return /[\udc00-\udfff]/u.test(text.charAt(at)) ? at + 1 : at;
}
