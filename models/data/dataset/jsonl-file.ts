import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

const CHUNK_CHARACTERS = 1 << 18;

/** A file of rows under way: it has another name until `finish`, and `discard` leaves nothing of it. */
export interface RowFile {
  write: (row: object) => Promise<void>;
  finish: () => Promise<void>;
  discard: () => Promise<void>;
}

/** Rows as JSON, written in large pieces: one a line, or one a line of an array. */
export class JsonlFile implements RowFile {
  readonly path: string;
  readonly #array: boolean;
  #rows = 0;
  #file: FileHandle | null = null;
  #pending: string[] = [];
  #characters = 0;

  constructor(path: string, { array = false }: { array?: boolean } = {}) {
    this.path = path;
    this.#array = array;
  }

  get #partial(): string {
    return `${this.path}.partial`;
  }

  async write(row: object): Promise<void> {
    const line = JSON.stringify(row);
    if (this.#array) this.#pending.push(this.#rows === 0 ? '[\n' : ',\n', line);
    else this.#pending.push(line, '\n');
    this.#rows++;
    this.#characters += line.length + 2;
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
    if (this.#array) this.#pending.push(this.#rows === 0 ? '[]\n' : '\n]\n');
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
