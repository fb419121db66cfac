export type ThemeChoice = 'system' | 'dark' | 'light';

const storageKey = 'theme';

/** Dark, as rooms where video is read are, unless a person chooses; kept in this browser only. */
export class Theme {
  choice = $state<ThemeChoice>('dark');
  readonly #root: HTMLElement;
  readonly #storage: Storage;

  constructor(root: HTMLElement, storage: Storage) {
    this.#root = root;
    this.#storage = storage;
    const kept = storage.getItem(storageKey);
    this.#apply(kept === 'system' || kept === 'light' ? kept : 'dark');
  }

  /** Dark, light, system, and round again. */
  next(): void {
    const order: ThemeChoice[] = ['dark', 'light', 'system'];
    const choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? 'dark';
    if (choice === 'dark') this.#storage.removeItem(storageKey);
    else this.#storage.setItem(storageKey, choice);
    this.#apply(choice);
  }

  #apply(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') delete this.#root.dataset['theme'];
    else this.#root.dataset['theme'] = choice;
  }
}
