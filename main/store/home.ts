import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { toStoreError } from './failure.ts';

/** The platform's own place for application data, used where no `--home` is given. */
export function defaultHome(): string {
  return envPaths('surgery-r1-workstation', { suffix: '' }).data;
}

/** Where things lie in a data folder. */
export interface HomeLayout {
  home: string;
  database: string;
  backups: string;
  frameIndexes: string;
  lockDatabase: string;
  lockHolder: string;
  /** Is there when reading the database met damage. */
  suspicion: string;
}

export function homeLayout(folder: string): HomeLayout {
  const home = resolve(folder);
  return {
    home,
    database: join(home, 'workstation.db'),
    backups: join(home, 'backups'),
    frameIndexes: join(home, 'cache', 'frame-indexes'),
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
    makeFolder(layout.home);
    writeFileSync(probe, 'x', { flag: 'wx', mode: 0o600 });
    unlinkSync(probe);
  } catch (error) {
    throw toStoreError(error, layout.database);
  }
}

/**
 * Like `mkdir` with `recursive`, which in Node 24 never returns where a folder refuses children by ENOENT
 * (as /proc does): it takes the parent to be missing, finds it, and tries again for ever.
 */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!taken || !statSync(path).isDirectory()) throw error;
  }
}
