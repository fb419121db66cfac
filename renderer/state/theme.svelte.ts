export type ThemeChoice = 'system' | 'dark' | 'light';

const storageKey = 'theme';

/** Dark, light, or as the system says; kept in this browser only. */
export class Theme {
  choice = $state<ThemeChoice>('system');
  readonly #root: HTMLElement;
  readonly #storage: Storage;

  constructor(root: HTMLElement, storage: Storage) {
    this.#root = root;
    this.#storage = storage;
    const kept = storage.getItem(storageKey);
    this.#apply(kept === 'dark' || kept === 'light' ? kept : 'system');
  }

  /** System, dark, light, and round again. */
  next(): void {
    const order: ThemeChoice[] = ['system', 'dark', 'light'];
    const choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? 'system';
    if (choice === 'system') this.#storage.removeItem(storageKey);
    else this.#storage.setItem(storageKey, choice);
    this.#apply(choice);
  }

  #apply(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') delete this.#root.dataset['theme'];
    else this.#root.dataset['theme'] = choice;
  }
}
