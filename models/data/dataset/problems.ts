import { resolve, sep } from 'node:path';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { isDiskFull, reasonInWords, systemCode } from '../../../main/platform/file-errors.ts';

/** Something of a source that did not become a record, or did so only after a correction. */
export interface Problem {
  source: string;
  /** File below the source's root. */
  file: string;
  /** Counted from 1; null when the whole file is meant. */
  line: number | null;
  reason: string;
}

export const placeOf = ({ file, line }: Pick<Problem, 'file' | 'line'>): string =>
  line === null ? file : `${file}:${line}`;

/** The error that a strict build ends with at its first problem. */
export function strictError(problem: Problem): WorkstationError {
  return new WorkstationError(
    'data-malformed',
    `${problem.source}: ${placeOf(problem)}: ${problem.reason}.`,
    'Correct that line or file, or build without --strict: what cannot be used is then left out and counted.',
  );
}

const contains = (folder: string, path: string): boolean =>
  `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);

/** An error of the file system while a data set was read and written, by cause; any other error as it is. */
export function writeError(out: string, error: unknown): unknown {
  if (error instanceof WorkstationError || systemCode(error) === null) return error;
  const { path, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'read' || (path !== undefined && !contains(out, path) && !contains(path, out))) {
    return new WorkstationError(
      'file-unreadable',
      `${path ?? 'A file of the data set'} cannot be read (${reasonInWords(error)}).`,
      'Check that the file is there and that your account may read it.',
      { cause: error },
    );
  }
  const full = isDiskFull(error);
  return new WorkstationError(
    full ? 'store-full' : 'store-unwritable',
    `The data set could not be written into ${out}: ${reasonInWords(error)}.`,
    full
      ? 'Free some space and run the same command again: it writes the same data set.'
      : 'Give a folder that your account may write to.',
    { cause: error },
  );
}
