import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { WorkstationError } from '../../preload/contract/index.ts';

/** The path of a file that stands among a command's arguments, as it was typed. Throws `file-missing` where no file is there. */
export function fileArgument(typed: string): string {
  const path = resolve(typed);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new WorkstationError(
      'file-missing',
      `There is no file ${basename(path)} in ${resolve(path, '..')}.`,
      'Check its name, and that the disk it lies on is connected.',
    );
  }
  return path;
}
