import type { KeyChoices } from '../../preload/contract/index.ts';
import {
  keyTable,
  pressOf,
  shortcutGroups,
  type Action,
  type KeyPressed,
  type Shortcut,
  type ShortcutGroup,
} from './shortcuts.ts';

const everyShortcut: readonly Shortcut[] = shortcutGroups.flatMap(({ shortcuts }) => shortcuts);

/** Escape leaves what is open, and is how a person gets out of anything: it stays where it is. */
const fixed: ReadonlySet<Action> = new Set<Action>(['escape']);

/** Whether another key can be given to a command. */
export const canBeChosen = (action: Action): boolean => !fixed.has(action);

/** The key table as it holds for one person: the window's own with what they chose in its place. */
export class KeysInUse {
  /** The table of keys and commands as it is shown. */
  readonly groups: readonly ShortcutGroup[];
  readonly #byPress: ReadonlyMap<string, Action>;
  readonly #byAction: ReadonlyMap<Action, Shortcut>;

  constructor(choices: KeyChoices) {
    const chosen = new Set(everyShortcut.flatMap(({ action }) => chosenFor(choices, action) ?? []));
    const taken = new Set<string>();
    this.groups = shortcutGroups.map(({ title, shortcuts }) => ({
      title,
      shortcuts: shortcuts.map((shortcut) => inUse(shortcut, { choices, chosen, taken })),
    }));
    this.#byPress = keyTable(this.groups);
    this.#byAction = new Map(
      this.groups.flatMap(({ shortcuts }) => shortcuts).map((shortcut) => [shortcut.action, shortcut]),
    );
  }

  /** The command of a key press, or null. */
  actionOf(press: KeyPressed): Action | null {
    const pressed = pressOf(press);
    return pressed === null ? null : (this.#byPress.get(pressed) ?? null);
  }

  /** The keys of a command as on the key caps; none where it has none. */
  capsOf(action: Action): readonly string[] {
    return this.#byAction.get(action)?.keys ?? [];
  }

  /** The first of them; empty where there is none. */
  capOf(action: Action): string {
    return this.capsOf(action)[0] ?? '';
  }

  /** A tooltip that ends with the keys: `Go to a frame or time (G)`. */
  hint(text: string, ...actions: Action[]): string {
    const caps = actions.flatMap((action) => this.capsOf(action));
    return caps.length === 0 ? text : `${text} (${caps.join(' or ')})`;
  }
}

interface Choosing {
  readonly choices: KeyChoices;
  /** Every press that was chosen for a command. */
  readonly chosen: ReadonlySet<string>;
  /** Grows: a press of a stored table that names it twice is the first one's. */
  readonly taken: Set<string>;
}

function inUse(shortcut: Shortcut, { choices, chosen, taken }: Choosing): Shortcut {
  const own = chosenFor(choices, shortcut.action);
  const wanted = own ?? shortcut.matches.filter((press) => !chosen.has(press));
  const matches = wanted.filter((press) => !taken.has(press) && (choices.single || !isSingle(press)));
  for (const press of matches) taken.add(press);
  const untouched = own === null && matches.length === shortcut.matches.length;
  return { ...shortcut, matches, keys: untouched ? shortcut.keys : [...new Set(matches.map(capOfPress))] };
}

/** What a person chose for a command, without what can't be a key of it; null where the window's own keys hold. */
function chosenFor({ pressed }: KeyChoices, action: Action): readonly string[] | null {
  if (fixed.has(action) || !Object.hasOwn(pressed, action)) return null;
  const given = pressed[action] ?? [];
  const usable = given.filter((press) => refusalOf(press) === null);
  return given.length > 0 && usable.length === 0 ? null : usable;
}

/** A character by itself, which speech input and a hand that slips press, too. */
export const isSingle = (press: string): boolean =>
  !press.startsWith('Control+') && keyOf(press).length === 1 && keyOf(press) !== ' ';

const keyOf = (press: string): string => press.replace(/^(?:Control\+)?(?:Shift\+(?=.))?/, '');

const names: Readonly<Record<string, string>> = {
  ' ': 'Space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  PageUp: 'Page up',
  PageDown: 'Page down',
  '-': '−',
};

/** As on the key caps: `Shift Ctrl Z`. A sign that is typed with Shift is the sign. */
export function capOfPress(press: string): string {
  const key = keyOf(press);
  const control = press.startsWith('Control+');
  const shift = press !== (control ? 'Control+' : '') + key;
  const letter = key.length > 1 || key === ' ' || key.toUpperCase() !== key;
  const cap = names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return `${shift && (letter || control) ? 'Shift ' : ''}${control ? 'Ctrl ' : ''}${cap}`;
}

const modifiers = new Set(
  'Control Shift Alt Meta AltGraph CapsLock NumLock ScrollLock Fn FnLock Hyper Super OS'.split(' '),
);
const moving = new Set(['Tab', 'Enter']);
const systems = new Set(
  'ContextMenu PrintScreen Pause Dead Unidentified Process F1 F3 F5 F6 F7 F10 F11 F12'.split(' '),
);
/** Close, new, quit, reload, print, find, the address, enlarging, editing text: wherever it is open, a person expects these. */
const browsers = new Set([...'wtnqrpfdjhuxcvas+-=0123456789', 'Tab', 'F4', 'PageUp', 'PageDown', 'Enter']);

/** Why a press can't be the key of any command; null where it can. */
export function refusalOf(press: string): string | null {
  const key = keyOf(press);
  const cap = capOfPress(press);
  if (modifiers.has(key))
    return 'That is a key to hold with another one. Hold it and press the other one, too.';
  if (key === 'Escape') return 'Esc leaves what is open, always.';
  if (moving.has(key)) return `${cap} goes from one thing to the next, or presses it.`;
  if (systems.has(key) || /^(?:Audio|Browser|Launch|Media)/.test(key)) {
    return `The system or the browser keeps ${cap} for itself.`;
  }
  if (press.startsWith('Control+') && browsers.has(key)) {
    return `The browser keeps ${cap} for itself: it closes, finds, enlarges or edits text.`;
  }
  return press.length > 40 || key === '' ? 'This key has no name that could be kept.' : null;
}

/** What a press would be, by what was pressed; a reason where it can't be the key of a command. */
export function readPress(event: KeyPressed): { press: string } | { refused: string } {
  if (modifiers.has(event.key)) return { refused: refusalOf(event.key) ?? '' };
  const press = pressOf(event);
  if (press === null) return { refused: 'Alt belongs to the menus, and to signs of some keyboards.' };
  const refused = refusalOf(press);
  return refused === null ? { press } : { refused };
}

/**
 * Gives a command a key, beside those that it has or instead of them. Refused where the press is another command's, with that
 * one's name.
 */
export function choose(
  choices: KeyChoices,
  action: Action,
  { press, beside }: { press: string; beside: boolean },
): { choices: KeyChoices } | { refused: string } {
  const refused = refusalOf(press);
  if (refused !== null) return { refused };
  // Looked at with single keys on: one that is switched off is still somebody's.
  const present = new KeysInUse({ ...choices, single: true }).groups.flatMap(({ shortcuts }) => shortcuts);
  const other = present.find((shortcut) => shortcut.action !== action && shortcut.matches.includes(press));
  if (other) return { refused: `${capOfPress(press)} is the key of “${other.text}”. Change that one first.` };
  const own = present.find((shortcut) => shortcut.action === action)?.matches ?? [];
  const pressed = beside ? [...new Set([...own, press])].slice(-8) : [press];
  return { choices: { ...choices, pressed: { ...choices.pressed, [action]: pressed } } };
}

/** Takes every key from a command. */
export const withoutKeys = (choices: KeyChoices, action: Action): KeyChoices => ({
  ...choices,
  pressed: { ...choices.pressed, [action]: [] },
});

/** The window's own keys for one command again; refused where one of them is another command's by now. */
export function resetKeys(
  choices: KeyChoices,
  action: Action,
): { choices: KeyChoices } | { refused: string } {
  const { [action]: _gone, ...pressed } = choices.pressed;
  const rest = { ...choices, pressed };
  const own = everyShortcut.find((shortcut) => shortcut.action === action);
  const holder = everyShortcut.find(
    (other) =>
      other.action !== action &&
      (chosenFor(rest, other.action) ?? []).some((press) => own?.matches.includes(press)),
  );
  return holder
    ? { refused: `A key of it is now the key of “${holder.text}”. Reset that one first.` }
    : { choices: rest };
}

/** Whether a person chose something for a command. */
export const isChosen = ({ pressed }: KeyChoices, action: Action): boolean => Object.hasOwn(pressed, action);

/** `pressed` keeps what the table does not know, so that another version finds it again; `single` stays. */
export const resetAll = (choices: KeyChoices): KeyChoices => ({
  ...choices,
  pressed: Object.fromEntries(
    Object.entries(choices.pressed).filter(([name]) => !everyShortcut.some(({ action }) => action === name)),
  ),
});
