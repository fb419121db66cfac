import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { makeFolder } from '../../../main/platform/make-folder.ts';
import { writeError } from './problems.ts';

/** What a run that was killed leaves behind is its own to replace. */
const LEFT_OVER = /\.partial$/;

/** Makes a folder to write into, or takes one with nothing of anybody in it. @throws WorkstationError */
export function prepareFolder(out: string): void {
  let names: string[];
  try {
    makeFolder(out);
    names = readdirSync(out);
  } catch (error) {
    throw writeError(out, error);
  }
  if (names.some((name) => !LEFT_OVER.test(name))) {
    throw new WorkstationError(
      'invalid-input',
      `The folder ${out} ${existsSync(join(out, 'dataset.json')) ? 'already holds a data set' : 'is not empty'}.`,
      'Give a new or empty folder.',
    );
  }
}
