import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Damage done to database files as a disk or a careless program does it: single bytes, behind SQLite's back. */

/** The pages of a table or an index, from SQLite's own statistics. */
export function pagesOf(path: string, name: string): { page: number; offset: number; leaf: boolean }[] {
  const database = new Database(path, { readonly: true });
  try {
    const size = database.pragma('page_size', { simple: true }) as number;
    const rows = database
      .prepare('SELECT pageno, pagetype FROM dbstat WHERE name = ? ORDER BY path')
      .all(name) as { pageno: number; pagetype: string }[];
    return rows.map(({ pageno, pagetype }) => ({
      page: pageno,
      offset: (pageno - 1) * size,
      leaf: pagetype === 'leaf',
    }));
  } finally {
    database.close();
  }
}

export function changeBytes(
  path: string,
  offset: number,
  change: (bytes: Buffer) => void,
  length: number,
): void {
  const file = openSync(path, 'r+');
  try {
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, offset);
    change(bytes);
    writeSync(file, bytes, 0, length, offset);
  } finally {
    closeSync(file);
  }
}

/** Spoils what three cells of an index say of their own form. The tree of pages stays whole, so a quick check passes. */
export function spoilIndex(path: string, index: string): void {
  const leaf = pagesOf(path, index).find((page) => page.leaf);
  if (leaf === undefined) throw new Error(`${index} has no leaf`);
  for (const cell of [0, 1, 2]) {
    changeBytes(
      path,
      leaf.offset,
      (page) => {
        const at = page.readUInt16BE(8 + 2 * cell);
        // A record begins with the length of its header, after the length of the whole.
        page[at + 1] = 0x7f;
      },
      4096,
    );
  }
}

/** Changes one byte at the first place where a text stands in the file. */
export function flipIn(path: string, text: string, at = 0): void {
  const database = new Database(path);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  changeAll(path, text, at);
}

function changeAll(path: string, text: string, at: number): void {
  const file = openSync(path, 'r');
  const whole = Buffer.alloc(16 * 1024 * 1024);
  const length = readSync(file, whole, 0, whole.length, 0);
  closeSync(file);
  const found = whole.subarray(0, length).indexOf(text);
  if (found < 0) throw new Error('the text is not in the file');
  changeBytes(path, found + at, (bytes) => bytes.writeUInt8((bytes[0] as number) ^ 0x08), 1);
}

/** SQLite's own word on a file: of the quick check, and of the whole one. */
export function checksOf(path: string): { quick: string; whole: string } {
  const database = new Database(path, { readonly: true });
  const word = (pragma: string): string => {
    try {
      return String(database.pragma(pragma, { simple: true }));
    } catch (error) {
      return (error as Error).message;
    }
  };
  try {
    return { quick: word('quick_check(1)'), whole: word('integrity_check(1)') };
  } finally {
    database.close();
  }
}
