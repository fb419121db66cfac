import { LRUCache } from 'lru-cache';

/** Keeps the most recently used values within a budget of bytes; the newest always stays. */
export class RecentValues<K extends number | string, V extends object | string> {
  readonly #values: LRUCache<K, V>;
  readonly #budget: number;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
    this.#values = new LRUCache({ maxSize: budgetBytes });
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  set(key: K, value: V, bytes: number): void {
    // One that is larger than the budget counts as all of it, so that it drives the others out and stays.
    this.#values.set(key, value, { size: Math.max(1, Math.min(bytes, this.#budget)) });
  }

  clear(): void {
    this.#values.clear();
  }
}
