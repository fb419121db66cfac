/** Moves the focus in an open menu by arrows, Home and End. Returns whether the key was one of these. */
export function moveInMenu(event: KeyboardEvent, menu: HTMLElement | undefined): boolean {
  const items = [...(menu?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
  const at = items.findIndex((item) => item === document.activeElement);
  const moves: Record<string, number> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  if (!(event.key in moves)) return false;
  items[moves[event.key] ?? 0]?.focus();
  return true;
}
