import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { GrantId } from '../../preload/contract/values.ts';
import { isMissing, reasonInWords } from '../platform/file-errors.ts';

export interface Grant {
  grantId: GrantId;
  name: string;
}

/**
 * Keeps windows from naming paths: they get an id for each file or folder that a person picked, and can open nothing but
 * these. Ids last as long as the process.
 */
export class GrantRegistry {
  readonly #newId: () => string;
  readonly #pathOf = new Map<GrantId, string>();
  readonly #idOf = new Map<string, GrantId>();

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** The id of a file or folder; the same path always has the same id. */
  add(path: string): GrantId {
    const whole = resolve(path);
    const known = this.#idOf.get(whole);
    if (known !== undefined) return known;
    const id = GrantId.parse(this.#newId());
    this.#pathOf.set(id, whole);
    this.#idOf.set(whole, id);
    return id;
  }

  /** Grants a file that is there. Throws `file-missing`, `file-unreadable` or `video-not-a-video`. */
  async addFile(path: string): Promise<Grant> {
    const found = await statFile(path);
    if (!found.isFile()) {
      throw new WorkstationError(
        'video-not-a-video',
        `${basename(path)} is not a file.`,
        'Choose a video file, not a folder or a device.',
      );
    }
    return { grantId: this.add(path), name: basename(path) };
  }

  /** Grants a folder that is there. Throws `file-missing` or `file-unreadable`. */
  async addFolder(path: string): Promise<Grant> {
    const found = await statFile(path);
    if (!found.isDirectory()) {
      throw new WorkstationError(
        'file-unreadable',
        `${basename(path)} is not a folder.`,
        'Choose the folder that the files lie in.',
      );
    }
    return { grantId: this.add(path), name: basename(resolve(path)) };
  }

  path(id: GrantId): string {
    const path = this.#pathOf.get(id);
    if (path !== undefined) return path;
    throw new WorkstationError(
      'not-found',
      'This choice of a file is no longer known.',
      'Choose the file again: choices are forgotten when the workstation is restarted.',
    );
  }

  paths(): string[] {
    return [...this.#idOf.keys()];
  }
}

/** Like `stat`, but with errors that a person can act on. Throws `file-missing` or `file-unreadable`. */
export async function statFile(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) {
      throw new WorkstationError(
        'file-missing',
        `There is no file ${basename(path)} in ${resolve(path, '..')}.`,
        'Check its name, and that the disk it lies on is connected.',
        { cause: error },
      );
    }
    throw new WorkstationError(
      'file-unreadable',
      `${basename(path)} can’t be read (${reasonInWords(error)}).`,
      'Give your account permission to read it, and check that the disk it lies on is connected.',
      { cause: error },
    );
  }
}
