import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder with those above it. Not `mkdir` with `recursive`: in Node 24 that never returns where a folder
 * refuses children by ENOENT, as /proc does. The store keeps the same for the data folder; the two rooms may
 * not see each other.
 *
 * @throws the system's error of the first folder that can't be made
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (!taken || !statSync(path).isDirectory()) throw error;
  }
}

/** Whether the content of a `manifest.json` says that its folder is an imported model, and no checkpoint. */
export function isImported(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'kind' in content && content.kind === 'imported';
}
