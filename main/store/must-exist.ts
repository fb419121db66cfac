import { WorkstationError } from '../../preload/contract/errors.ts';

/** Returns what was found, or throws `not-found` with a message that names `what`. */
export function mustExist<T>(found: T | null, what: string): T {
  if (found !== null) return found;
  throw new WorkstationError(
    'not-found',
    `This ${what} is not in the database.`,
    'It may belong to another data folder. Reload the window and choose from the list.',
  );
}
