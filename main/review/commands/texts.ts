import { WorkstationError } from '../../../preload/contract/errors.ts';
import { mostNoteLength } from '../../../preload/contract/notes.ts';

/** Trims a person's note for storing. Throws `invalid-input` if it is too long. */
export function checkedNote(given: string): string {
  const note = given.trim();
  if (note.length <= mostNoteLength) return note;
  throw refusal(
    `A note has ${mostNoteLength} characters at most, and this one has ${note.length}.`,
    'Shorten it.',
  );
}

/** Brings a name into one line for storing. Throws `invalid-input` if it is too long. */
export function checkedName(given: string, most: number, what: string): string {
  const name = given.replace(/\s+/g, ' ').trim();
  if (name.length <= most) return name;
  throw refusal(
    `${what} has ${most} characters at most, and this one has ${name.length}.`,
    'Shorten it, and write the rest into a note.',
  );
}

export const refusal = (message: string, hint: string): WorkstationError =>
  new WorkstationError('invalid-input', message, hint);
