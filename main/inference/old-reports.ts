import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rmdir, unlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Log } from '../platform/log.ts';
import { isAlive } from '../platform/process-alive.ts';

/**
 * Versions of the workstation up to 0.1 ran ONNX Runtime with its telemetry on. It kept an id of the device and a queue
 * of reports in the account's cache, and empty logs and a session's id in the temporary folder. Here they are removed
 * again, once for a data folder that such a version may have used, and nothing that could be somebody else's.
 */
export interface Places {
  home: string;
  temporary: string;
  platform: NodeJS.Platform;
  cache?: string | undefined;
}

const here = (): Places => ({
  home: homedir(),
  temporary: tmpdir(),
  platform: process.platform,
  cache: process.env['XDG_CACHE_HOME'],
});

/** What the runtime keeps in its folder. If there is anything else in it, the folder is left as it is. */
const known = /^(deviceid|deviceid\.lock|onnxruntime\.db([-.](wal|shm|journal|lock))?)$/;

/**
 * Removes the leftovers if this data folder was used before and it was not done then. It never fails: what can't be
 * removed stays, and is looked at again at the next start.
 */
export async function removeOldReports(
  dataFolder: string,
  wasUsedBefore: boolean,
  log: Log,
  places: Places = here(),
): Promise<void> {
  const note = join(dataFolder, 'cache', 'onnx-runtime-reports-removed');
  if (existsSync(note)) return;
  try {
    const removed = wasUsedBefore ? await removeReports(places) : [];
    if (removed.length > 0) log.info("ONNX Runtime's reports removed", { files: removed.length });
    await mkdir(dirname(note), { recursive: true });
    await writeFile(note, '');
  } catch (error) {
    log.warn("ONNX Runtime's reports could not be removed", { code: (error as NodeJS.ErrnoException).code });
  }
}

/** Removes what ONNX Runtime's telemetry leaves on an account. Returns the files removed. */
export async function removeReports({ home, temporary, platform, cache }: Places): Promise<string[]> {
  const base =
    platform === 'darwin' ? join(home, 'Library', 'Application Support') : (cache ?? join(home, '.cache'));
  const folder = join(base, 'Microsoft', 'DeveloperTools', '.onnxruntime');
  const names = await readdir(folder).catch(() => [] as string[]);
  if (names.length === 0 || names.some((name) => !known.test(name))) return [];
  const removed: string[] = [];
  const remove = async (file: string) => {
    await unlink(file);
    removed.push(file);
  };
  for (const name of names) await remove(join(folder, name));
  // The folders above may hold files of other programs, and then they stay.
  for (const each of [folder, dirname(folder), dirname(dirname(folder))]) {
    if (!(await rmdir(each).then(returnTrue, returnFalse))) break;
  }
  for (const name of await readdir(temporary).catch(() => [] as string[])) {
    const file = join(temporary, name);
    if (await isRuntimes(file, name)) await remove(file).catch(returnFalse);
  }
  return removed;
}

const returnTrue = (): boolean => true;
const returnFalse = (): boolean => false;

/** Whether a file of the temporary folder is the runtime's, of this account, and of a process that has ended. */
async function isRuntimes(file: string, name: string): Promise<boolean> {
  const processId = /^mat-debug-(\d+)\.log$/.exec(name)?.[1];
  if (processId === undefined && name !== '.ses') return false;
  const found = await lstat(file).catch(() => null);
  if (found === null || !found.isFile() || found.uid !== process.getuid?.()) return false;
  if (processId !== undefined) return found.size === 0 && !isAlive(Number(processId));
  return found.size < 100 && /^\d{13}\n[0-9a-f-]{36}\s*$/.test(await readFile(file, 'utf8').catch(() => ''));
}
