import { readFile } from 'node:fs/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { reasonInWords } from './file-errors.ts';

/**
 * A text file, whole. `name` is what the message calls it, `hint` what to do about it.
 *
 * @throws WorkstationError `file-missing` with the system's reason.
 */
export async function readTextFile(path: string, name: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new WorkstationError('file-missing', `${name} cannot be read: ${reasonInWords(error)}.`, hint, {
      cause: error,
    });
  }
}
