const storageKey = 'go-on-after-verdict';

/** Whether a verdict is followed by the next open answer; kept in this browser only, and off unless a person chose it. */
export class GoOn {
  chosen = $state(false);
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.chosen = storage.getItem(storageKey) === 'yes';
  }

  toggle(): void {
    this.chosen = !this.chosen;
    if (this.chosen) this.#storage.setItem(storageKey, 'yes');
    else this.#storage.removeItem(storageKey);
  }
}
