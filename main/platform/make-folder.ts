import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { refusalOf } from './file-errors.ts';

/**
 * Makes a folder with those above it. `mkdir` with `recursive` would not do: in Node 24 it never returns where a folder
 * says of its children that they are missing, as /proc does: it takes the parent to be missing, finds it, and tries again.
 *
 * @param mode of every folder that is made; the process's own where it is left out
 * @throws the system's error of the first folder that can't be made
 */
export function makeFolder(path: string, mode?: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, mode);
  try {
    mkdirSync(path, mode === undefined ? {} : { mode });
  } catch (error) {
    if (refusalOf(error) !== 'taken' || !statSync(path).isDirectory()) throw error;
  }
}
