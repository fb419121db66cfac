import type { Stats } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { Folder } from '../../preload/contract/domain.ts';
import type { GrantId } from '../../preload/contract/values.ts';
import { hasVideoEnding } from '../../preload/contract/video-files.ts';
import { reasonInWords, refusalOf } from '../platform/file-errors.ts';
import type { GrantRegistry } from './grants.ts';

type FolderEntry = Folder['entries'][number];

/** More entries than anyone scrolls through; a folder with more is listed without the rest. */
const MAXIMUM_ENTRIES = 5000;
const inOrder = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export interface Surroundings {
  homeFolder: string;
  platform: NodeJS.Platform;
  /** Folders in which the system shows each connected disk as a folder. */
  volumeFolders: string[];
}

export function ownSurroundings(): Surroundings {
  const { platform } = process;
  let user = '';
  try {
    user = userInfo().username;
  } catch {
    // An account without an entry in the system's list has no folder under /media either.
  }
  const linux = ['/media', '/mnt', ...(user === '' ? [] : [`/media/${user}`, `/run/media/${user}`])];
  return {
    homeFolder: homedir(),
    platform,
    volumeFolders: platform === 'darwin' ? ['/Volumes'] : platform === 'win32' ? [] : linux,
  };
}

/** What a person is looking for, which decides what a folder's list shows. */
export type Finding = 'videos' | 'models';

/** Remembers in which folder a person last looked for videos, and in which for models. */
export interface FolderMemory {
  read: (find: Finding) => string | null;
  write: (find: Finding, path: string) => void;
}

/** File names that mark a folder as a model's; one of them is enough for it to be offered. */
const modelFiles = ['config.json', 'adapter_config.json', 'manifest.json'];

/**
 * Lets a window browse folders where the host has no file dialog of the system, as in a browser. It shows only folders and
 * videos or models, and nothing hidden.
 */
export class FolderBrowser {
  readonly #grants: GrantRegistry;
  readonly #memory: FolderMemory;
  readonly #around: Surroundings;
  readonly #browsed = new Set<string>();

  constructor(grants: GrantRegistry, memory: FolderMemory, around: Surroundings = ownSurroundings()) {
    this.#grants = grants;
    this.#memory = memory;
    this.#around = around;
  }

  /** Lists a folder, or for null the places to start from. Throws `file-missing`, `file-unreadable` or `cancelled`. */
  async browse(folderId: GrantId | null, find: Finding = 'videos', signal?: AbortSignal): Promise<Folder> {
    if (folderId === null) return this.#listPlaces();
    const path = this.#grants.path(folderId);
    const entries = await this.#list(path, find, signal);
    this.#browsed.add(path);
    this.#memory.write(find, path);
    const parent = parentOf(path);
    const place = (await this.#places()).find((known) => known.path === path);
    return {
      id: folderId,
      name: place?.name ?? (basename(path) || path),
      parentId: parent === null ? null : this.#grants.add(parent),
      path,
      entries,
    };
  }

  /** Lists the folder where a person last looked, or the nearest one above it that can be read, or else the places. */
  async browseLast(find: Finding, signal?: AbortSignal): Promise<Folder> {
    for (let path = this.#memory.read(find); path !== null; path = parentOf(path)) {
      const found = await statOrNull(path);
      if (found?.isDirectory() === true && (await mayRead(path)))
        return this.browse(this.#grants.add(path), find, signal);
    }
    return this.#listPlaces();
  }

  /** Lists the folder of a path that a person typed, and grants the file if the path names one. */
  async browsePath(
    typed: string,
    find: Finding,
    signal?: AbortSignal,
  ): Promise<{ folder: Folder; entryId: GrantId | null }> {
    const path = this.#typedPath(typed);
    const found = await statOrNull(path);
    if (found?.isFile() === true && find === 'videos') {
      const folder = await this.browse(this.#grants.add(dirname(path)), find, signal);
      return { folder, entryId: this.#grants.add(path) };
    }
    return { folder: await this.browse(this.#grants.add(path), find, signal), entryId: null };
  }

  /** The folders in which a dropped file is looked for. */
  async folders(): Promise<string[]> {
    return [...this.#browsed, ...(await this.#places()).map((place) => place.path)];
  }

  /** Accepts paths as shells and file managers give them: in quotes, with `~` for the home folder, or as `file:` address. */
  #typedPath(typed: string): string {
    const plain = typed.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (plain.startsWith('file:')) {
      try {
        return fileURLToPath(plain);
      } catch (error) {
        throw notAPath(error);
      }
    }
    const path = plain.replace(/^~(?=$|[\\/])/, this.#around.homeFolder);
    if (!isAbsolute(path) || path.includes('\0')) throw notAPath();
    return resolve(path);
  }

  async #listPlaces(): Promise<Folder> {
    const places = await this.#places();
    return {
      id: null,
      name: 'Places',
      parentId: null,
      path: null,
      entries: places.map(({ path, name }) => ({
        id: this.#grants.add(path),
        name,
        kind: 'folder' as const,
        sizeBytes: null,
        modifiedAt: null,
      })),
    };
  }

  async #places(): Promise<{ path: string; name: string }[]> {
    const { homeFolder, platform, volumeFolders } = this.#around;
    const own = ['Videos', 'Movies', 'Desktop', 'Downloads', 'Documents'].map((name) => ({
      path: join(homeFolder, name),
      name,
    }));
    const wanted = [{ path: homeFolder, name: 'Home' }, ...own];
    if (platform === 'win32') {
      const letters = 'CDEFGHIJKLMNOPQRSTUVWXYZ';
      wanted.push(...[...letters].map((letter) => ({ path: `${letter}:\\`, name: `${letter}:` })));
    }
    for (const folder of volumeFolders) {
      for (const name of (await namesIn(folder)).filter((found) => !found.startsWith('.'))) {
        wanted.push({ path: join(folder, name), name });
      }
    }
    const usable = await Promise.all(
      wanted.map(async ({ path }) => {
        const found = await statOrNull(path);
        return found?.isDirectory() === true && (await mayRead(path));
      }),
    );
    return wanted.filter((_, index) => usable[index]);
  }

  async #list(path: string, find: Finding, signal?: AbortSignal): Promise<FolderEntry[]> {
    const names = (await readFolder(path)).filter((name) => !isHidden(name));
    const entries: FolderEntry[] = [];
    // In portions, so that a folder of thousands of files on a slow disk doesn't open them all at once.
    for (let start = 0; start < names.length && entries.length < MAXIMUM_ENTRIES; start += 64) {
      throwIfAborted(signal);
      const portion = await Promise.all(
        names.slice(start, start + 64).map((name) => this.#entry(join(path, name), name, find)),
      );
      entries.push(...portion.filter((entry) => entry !== null));
    }
    return entries
      .sort((a, b) =>
        (a.kind === 'video') === (b.kind === 'video')
          ? inOrder.compare(a.name, b.name)
          : a.kind === 'video'
            ? 1
            : -1,
      )
      .slice(0, MAXIMUM_ENTRIES);
  }

  async #entry(path: string, name: string, find: Finding): Promise<FolderEntry | null> {
    const found = await statOrNull(path);
    if (found?.isDirectory() === true) {
      const kind = find === 'models' && (await holdsModel(path)) ? 'model' : 'folder';
      return { id: this.#grants.add(path), name, kind, sizeBytes: null, modifiedAt: null };
    }
    if (find === 'models') return null;
    if (found?.isFile() !== true || !hasVideoEnding(name)) return null;
    return {
      id: this.#grants.add(path),
      name,
      kind: 'video',
      sizeBytes: found.size,
      modifiedAt: Math.max(0, Math.trunc(found.mtimeMs)),
    };
  }
}

const isHidden = (name: string): boolean =>
  name.startsWith('.') || name === '$RECYCLE.BIN' || name === 'System Volume Information';

/** The folder above; null for the root of a disk. */
function parentOf(path: string): string | null {
  const parent = dirname(path);
  return parent === path ? null : parent;
}

const notAPath = (cause?: unknown): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    'That is not a whole path.',
    'Type or paste a path from its beginning, such as /home/me/Videos or D:\\Videos.',
    { cause },
  );

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch {
    // A broken link or something unreadable is left out of a list; opening it would say why.
    return null;
  }
}

async function holdsModel(folder: string): Promise<boolean> {
  const found = await Promise.all(modelFiles.map((name) => statOrNull(join(folder, name))));
  return found.some((file) => file?.isFile() === true);
}

async function mayRead(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // This machine has no such folder, and so no disks in it.
    return [];
  }
}

async function readFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const missing = refusalOf(error) === 'missing';
    throw new WorkstationError(
      missing ? 'file-missing' : 'file-unreadable',
      missing
        ? `The folder ${basename(path)} is no longer there.`
        : `The folder ${basename(path)} can’t be read (${reasonInWords(error)}).`,
      missing
        ? 'Check that the disk it lies on is connected, or go on from another place.'
        : 'Give your account permission to read it, or choose another folder.',
      { cause: error },
    );
  }
}
