import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { WorkstationError, throwIfAborted } from '../../../preload/contract/errors.ts';
import { reasonInWords } from '../../../main/platform/file-errors.ts';
import { imageSize } from '../../../main/platform/image-size.ts';
import type { Size } from '../../../preload/contract/values.ts';

const PICTURES = new Set(['.png', '.jpg', '.jpeg']);
const DEPTH = 8;

export const isPicture = (name: string): boolean => PICTURES.has(extname(name).toLowerCase());

/** A path below a folder, with forward slashes. */
export const below = (root: string, path: string): string => relative(root, path).split(sep).join('/');

/** Every file below a folder, by path; names that begin with a dot are passed over. */
export async function filesBelow(folder: string, signal?: AbortSignal, depth = 0): Promise<string[]> {
  throwIfAborted(signal);
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new WorkstationError(
      'file-missing',
      `The folder ${folder} can't be read: ${reasonInWords(error)}.`,
      'Give a folder with pictures and masks, or with pictures and the boxes as COCO or CVAT write them.',
      { cause: error },
    );
  }
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < DEPTH) found.push(...(await filesBelow(path, signal, depth + 1)));
    } else found.push(path);
  }
  return found;
}

/**
 * Whose picture it is and in which recording: the first folder of its path is the patient, and all of them together
 * are the sequence. A picture in no folder is of the patient `one`.
 */
export function whose(path: string): { patient: string; sequence: string } {
  const folders = path.split('/').slice(0, -1);
  const [patient = 'one'] = folders;
  return { patient, sequence: folders.length < 2 ? `${patient}/all` : folders.join('/') };
}

/** Size of a picture in pixels, or why there is none. */
export async function sizeOf(path: string): Promise<Size | { reason: string }> {
  try {
    return (await imageSize(path)) ?? { reason: 'the picture is neither PNG nor JPEG, or is cut off' };
  } catch (error) {
    return {
      reason: `the picture can't be read: ${reasonInWords(error)}`,
    };
  }
}
