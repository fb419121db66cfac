import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const CHUNK_CHARACTERS = 1 << 18;

/** A JSONL file that is written in large pieces under another name, and gets its own when it is whole. */
export class JsonlFile {
  readonly path: string;
  #file: FileHandle | null = null;
  #pending: string[] = [];
  #characters = 0;

  constructor(path: string) {
    this.path = path;
  }

  get #partial(): string {
    return `${this.path}.partial`;
  }

  async write(value: unknown): Promise<void> {
    const line = JSON.stringify(value);
    this.#pending.push(line, '\n');
    this.#characters += line.length + 1;
    if (this.#characters >= CHUNK_CHARACTERS) await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#file ??= await open(this.#partial, 'w');
    // writeFile writes all of it from the current position; a single write may write less.
    await this.#file.writeFile(this.#pending.join(''));
    this.#pending = [];
    this.#characters = 0;
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#file?.close();
    this.#file = null;
    await rename(this.#partial, this.path);
  }

  /** Leaves nothing behind; for a build that did not come to its end. */
  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    await rm(this.#partial, { force: true });
  }
}
