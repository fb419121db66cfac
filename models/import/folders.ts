import { opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

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
