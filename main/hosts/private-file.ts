import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** What a file of this account alone holds; null where it is missing, or others could have read or written it. */
export function readPrivate(file: string): string | null {
  let handle: number | null = null;
  try {
    handle = openSync(file, 'r');
    const { mode, uid } = fstatSync(handle);
    const others = process.platform !== 'win32' && ((mode & 0o077) !== 0 || uid !== process.getuid?.());
    return others ? null : readFileSync(handle, 'utf8');
  } catch {
    // Missing or unreadable: whoever asks goes on without it.
    return null;
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

/** Writes a file that this account alone can read, all of it or nothing. Throws what the system throws. */
export function writePrivate(file: string, text: string): void {
  const unfinished = `${file}.unfinished`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' });
  renameSync(unfinished, file);
}
