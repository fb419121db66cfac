import { mkdirSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
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

/** Bytes of all files in a folder and those below it. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(
    entries.map(async (entry) =>
      entry.isFile() ? (await stat(join(entry.parentPath, entry.name))).size : 0,
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
