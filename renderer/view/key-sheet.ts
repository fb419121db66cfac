import type { Shortcut, ShortcutGroup } from './shortcuts.ts';

/** A row of the sheet: a command with its keys, or commands in a row that differ by a number alone. */
export type SheetRow = Pick<Shortcut, 'action' | 'keys' | 'text'>;

const numbered = /^(.*)-(\d)$/;

/** The table as the sheet shows it: what is marked by 1, 2, 3 and so on is one line where those keys hold. */
export function inSheet(
  groups: readonly ShortcutGroup[],
): readonly { title: string; shortcuts: readonly SheetRow[] }[] {
  return groups.map(({ title, shortcuts }) => ({ title, shortcuts: folded(shortcuts) }));
}

function folded(shortcuts: readonly Shortcut[]): SheetRow[] {
  const family = shortcuts.filter(({ action }) => numbered.test(action));
  const [first] = family;
  const last = family.at(-1);
  const own = family.every(({ action, keys }) => keys.length === 1 && action.endsWith(`-${keys[0]}`));
  if (!first || !last || !own) return [...shortcuts];
  const line = {
    action: first.action,
    keys: [`${first.keys[0]} … ${last.keys[0]}`],
    text: first.text.replace(/ \d/, ''),
  };
  return shortcuts.flatMap((shortcut): SheetRow[] => {
    if (!family.includes(shortcut)) return [shortcut];
    return shortcut === first ? [{ ...line, text: line.text.replace(/^Mark step/, 'Mark a step') }] : [];
  });
}
