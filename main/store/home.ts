import { randomUUID } from 'node:crypto';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../platform/make-folder.ts';
import envPaths from 'env-paths';
import { toStoreError } from './failure.ts';

/** The platform's own folder for application data, which is used if no `--home` is given. */
export function defaultHome(): string {
  return envPaths('surgery-r1-workstation', { suffix: '' }).data;
}

/** The paths of everything in a data folder. */
export interface HomeLayout {
  home: string;
  database: string;
  backups: string;
  frameIndexes: string;
  /** Folder for the kept pictures of frames that were asked about. */
  pictures: string;
  lockDatabase: string;
  lockHolder: string;
  /** A file that exists while damage was met in the database and the whole of it was not checked yet. */
  suspicion: string;
}

export function homeLayout(folder: string): HomeLayout {
  const home = resolve(folder);
  return {
    home,
    database: join(home, 'workstation.db'),
    backups: join(home, 'backups'),
    frameIndexes: join(home, 'cache', 'frame-indexes'),
    pictures: join(home, 'pictures'),
    lockDatabase: join(home, 'window.lock'),
    lockHolder: join(home, 'window.json'),
    suspicion: join(home, 'workstation.check'),
  };
}

/**
 * Makes the data folder, readable by its owner only, and proves that it can be written to. Throws
 * `store-unwritable` or `store-full`.
 */
export function prepareHome(layout: HomeLayout): void {
  const probe = join(layout.home, `.probe-${randomUUID()}`);
  try {
    makeFolder(layout.home, 0o700);
    writeFileSync(probe, 'x', { flag: 'wx', mode: 0o600 });
    unlinkSync(probe);
  } catch (error) {
    throw toStoreError(error, layout.database);
  }
}
