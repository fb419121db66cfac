/** Keeps the most recently used values within a byte budget; the newest always stays. */
export class RecentValues<K, V> {
  readonly #values = new Map<K, { value: V; bytes: number }>();
  readonly #budget: number;
  #used = 0;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
  }

  get(key: K): V | undefined {
    const held = this.#values.get(key);
    if (!held) return undefined;
    this.#values.delete(key);
    this.#values.set(key, held);
    return held.value;
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  set(key: K, value: V, bytes: number): void {
    this.#remove(key);
    this.#values.set(key, { value, bytes });
    this.#used += bytes;
    for (const oldest of this.#values.keys()) {
      if (this.#used <= this.#budget || oldest === key) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#values.clear();
    this.#used = 0;
  }

  #remove(key: K): void {
    this.#used -= this.#values.get(key)?.bytes ?? 0;
    this.#values.delete(key);
  }
}
