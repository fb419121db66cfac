/** The parts of the window whose size a person can choose: the side of the answers, and the list in it. */
export type Panel = 'side' | 'list';

const storageKey = (panel: Panel): string => `size-of-${panel}`;
/** More than any screen has: what is stored may be anything. */
const most = 10_000;

/** Sizes in CSS pixels that a person chose by a splitter, kept in this browser only; null for the window's own. */
export class PanelSizes {
  readonly #sizes = $state<Record<Panel, number | null>>({ side: null, list: null });
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    for (const panel of ['side', 'list'] as const) {
      const stored = Number(storage.getItem(storageKey(panel)) ?? NaN);
      if (stored > 0 && stored < most) this.#sizes[panel] = stored;
    }
  }

  /** As CSS writes it; undefined for the window's own. */
  asLength(panel: Panel): string | undefined {
    const size = this.#sizes[panel];
    return size === null ? undefined : `${size}px`;
  }

  /** Null gives the window's own size back. */
  choose(panel: Panel, size: number | null): void {
    this.#sizes[panel] = size === null ? null : Math.round(size);
    if (size === null) this.#storage.removeItem(storageKey(panel));
    else this.#storage.setItem(storageKey(panel), String(Math.round(size)));
  }
}
