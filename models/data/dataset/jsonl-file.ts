import { createReadStream } from 'node:fs';
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

/**
 * The lines of a text file with their numbers, counted from 1; empty lines are passed over. Not by `readline`, which
 * also breaks lines at U+2028, a character that JSON strings may hold.
 */
export async function* linesOf(path: string): AsyncGenerator<{ number: number; text: string }> {
  let rest = '';
  let number = 0;
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      number++;
      if (text.trim() !== '') yield { number, text };
    }
  }
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}
