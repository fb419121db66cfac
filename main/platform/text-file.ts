import { readFile } from 'node:fs/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { reasonInWords } from './file-errors.ts';

/**
 * Reads a whole text file. If that fails, the message calls it `name`, and `hint` says what to do.
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
