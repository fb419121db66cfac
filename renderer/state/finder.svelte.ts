import type { Bridge, ErrorReport, FindResult, Found, FoundGroup } from '../../preload/contract/index.ts';
import { commandsFor, groupTitles, type PaletteCommand } from '../view/palette.ts';
import { counted } from '../view/format.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Action, ShortcutGroup } from '../view/shortcuts.ts';

/** Somebody who types goes on within so many ms: what they have not finished is not looked for. */
const pauseMilliseconds = 80;
/** While the index is being made there is more to find every so many ms. */
const againMilliseconds = 1000;
/** Of each kind; more are found by typing on. */
const most = 8;
/** Commands that are shown beside what was found. */
const mostCommands = 6;

/** One line that can be chosen. */
export type FinderItem =
  { readonly id: string; readonly command: PaletteCommand } | { readonly id: string; readonly found: Found };

/** Lines of one kind under their title. */
export interface FinderGroup {
  readonly title: string;
  /** How many there are in all, in words; empty where all are shown. */
  readonly count: string;
  readonly items: readonly FinderItem[];
}

interface Parts {
  bridge: Pick<Bridge, 'find'>;
  announcer: Announcer;
  /** The keys in use. */
  groups: () => readonly ShortcutGroup[];
  obstacleTo: (action: Action) => string | null;
}

/** What a person looks for, and what was found: answers, marks, sessions and cases, and commands by their names. */
export class Finder {
  text = $state('');
  /** The line that Enter chooses. */
  active = $state(0);
  isLooking = $state(false);
  fault = $state.raw<ErrorReport | null>(null);
  /** Words were left out, as there were too many. */
  isCut = $state(false);
  /** How much of what can be found is in the index of the search yet; null where all of it is. */
  index = $state.raw<FindResult['index']>(null);
  #found = $state.raw<readonly FoundGroup[]>([]);
  readonly #parts: Parts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Only what was asked last is shown, in whatever order the results come. */
  #turn = 0;

  readonly groups: readonly FinderGroup[] = $derived.by(() => {
    const commands = commandsFor(this.text, this.#parts.groups(), this.#parts.obstacleTo);
    const shown = this.text.trim() === '' ? commands : commands.slice(0, mostCommands);
    const found = this.#found.map(({ kind, list, count, atLeast }) => ({
      title: groupTitles[kind],
      count: count > list.length ? `${list.length} of ${atLeast ? `more than ${count}` : count}` : '',
      items: list.map((one) => ({ id: `found-${kind}-${one.place}`, found: one })),
    }));
    const ofCommands = {
      title: groupTitles.command,
      count: commands.length > shown.length ? `${shown.length} of ${commands.length}` : '',
      items: shown.map((command) => ({ id: `command-${command.action}`, command })),
    };
    return [...found, ofCommands].filter(({ items }) => items.length > 0);
  });

  readonly items: readonly FinderItem[] = $derived(this.groups.flatMap(({ items }) => items));

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  type(text: string): void {
    this.text = text;
    this.active = 0;
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.isLooking = text.trim() !== '';
    if (this.isLooking) this.#timer = setTimeout(() => void this.#look(text, turn), pauseMilliseconds);
    else this.#found = [];
  }

  /** Up or down by some lines, from the last to the first and back. */
  move(by: number): void {
    const count = this.items.length;
    if (count > 0) this.active = (this.active + by + count) % count;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
  }

  async #look(query: string, turn: number, { isAgain = false } = {}): Promise<void> {
    const found = await this.#parts.bridge.find({ query, limit: most });
    if (turn !== this.#turn) return;
    this.isLooking = false;
    this.fault = found.ok ? null : found.error;
    if (!found.ok) return;
    this.#found = found.value.groups;
    this.isCut = found.value.cut;
    this.index = found.value.index;
    if (this.index !== null) {
      this.#timer = setTimeout(() => void this.#look(query, turn, { isAgain: true }), againMilliseconds);
    }
    this.active = Math.max(0, Math.min(this.active, this.items.length - 1));
    if (!isAgain) this.#parts.announcer.settle(this.#inWords(found.value.groups));
  }

  #inWords(groups: readonly FoundGroup[]): string {
    const said = groups.flatMap(({ kind, count, atLeast }) =>
      count === 0 ? [] : [`${atLeast ? 'more than ' : ''}${counted(count, kind)}`],
    );
    return said.length === 0 ? 'Nothing found' : `Found ${said.join(', ')}`;
  }
}
