import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { refusalOf } from './file-errors.ts';

/**
 * Makes a folder, and those above it. `mkdir` with `recursive` can't be used: in Node 24 it tries for ever in a folder that
 * reports a new child as missing, such as /proc, because it takes that for a missing parent.
 *
 * @param mode of every folder that is made; the process's default if left out
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
