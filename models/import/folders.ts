import { mkdirSync, statSync } from 'node:fs';
import { opendir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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

/** Whether a folder has graphs in the layout of transformers.js, which are used where they lie. */
export async function hasGraphs(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'onnx')).catch(() => []);
  return names.some((name) => /^decoder_model_merged.*\.onnx$/.test(name));
}

/** More files than this are not added up: no folder of graphs has a tenth of them. */
const mostFiles = 10_000;

/** Bytes of the files in a folder, those below it left out. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  let files = 0;
  for await (const entry of await opendir(folder)) {
    files += 1;
    if (files > mostFiles) break;
    const found = await stat(join(folder, entry.name)).catch(() => null);
    if (found?.isFile() === true) bytes += found.size;
  }
  return bytes;
}
