import { parseSearch, rangesIn, type Found, type TextRange } from '../../preload/contract/index.ts';
import { readable, shortClock } from './format.ts';
import type { Action, ShortcutGroup } from './shortcuts.ts';

/** What a key does, as something that can be looked for and run by its name. */
export interface PaletteCommand {
  readonly action: Action;
  readonly name: string;
  readonly ranges: readonly TextRange[];
  readonly key: string;
  /** Why it can't be done now; null where it can. */
  readonly obstacle: string | null;
}

/** Keys that mean something only where they are pressed: of a step by its number, and of what is open. */
const isKeyAlone = (action: Action): boolean =>
  action === 'escape' || action === 'find' || action.startsWith('mark-step');

/** The commands whose names hold all words of a query, those that can be done now first; all of them where there is none. */
export function commandsFor(
  text: string,
  groups: readonly ShortcutGroup[],
  obstacleTo: (action: Action) => string | null,
): PaletteCommand[] {
  const { terms, labels, models, cases, states } = parseSearch(text);
  if (labels.length + models.length + cases.length + states.length > 0) return [];
  const all = groups.flatMap(({ shortcuts }) => shortcuts);
  const found = all.flatMap(({ action, text: name, keys }): PaletteCommand[] => {
    if (isKeyAlone(action)) return [];
    const ranges = rangesIn(name, terms);
    if (!terms.every((term) => rangesIn(name, [term]).length > 0)) return [];
    return [{ action, name, ranges, key: keys[0] ?? '', obstacle: obstacleTo(action) }];
  });
  return [
    ...found.filter(({ obstacle }) => obstacle === null),
    ...found.filter(({ obstacle }) => obstacle !== null),
  ];
}

/** Where a result is, in one line. */
export function foundPlace(found: Found): string {
  if (found.kind === 'case') return '';
  const session = `${found.casePseudonym} · session ${found.sessionNumber}`;
  if (found.kind === 'session') return '';
  const seconds = found.kind === 'answer' ? found.entry.question.location.seconds : found.seconds;
  return `${session} · ${shortClock(seconds)}`;
}

const fieldWords = {
  ...{ name: '', question: '', label: 'label', 'own-label': 'yours' },
  ...{ reasoning: 'reasoning', note: 'note' },
} as const;

/** The texts of a result below its first one, each with what it is. */
export const furtherTexts = ({ texts }: Found) =>
  texts.slice(1).map((text) => ({ ...text, what: fieldWords[text.field] }));

/** The label in a result's line; null where there is none, or where the line has it as a text that was found. */
export function foundLabel(found: Found): string | null {
  if (found.kind !== 'answer') return null;
  return found.entry.newest.label === null ? null : readable(found.entry.newest.label);
}

export const groupTitles = {
  ...{ command: 'Commands', answer: 'Answers', bookmark: 'Bookmarks', segment: 'Segments' },
  track: 'Boxes over frames',
  ...{ session: 'Sessions', case: 'Cases' },
} as const;
