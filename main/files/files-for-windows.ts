import type { WindowId } from '../../preload/contract/context.ts';
import type { Grant } from './grants.ts';

/**
 * Files that were given to the program itself: by the system, or as an argument of its command. Each waits here for the one
 * window that is to open it, because only a window can ask a person what a known recording is to be.
 */
export class FilesForWindows {
  #waiting: { file: Grant; window: WindowId | null }[] = [];

  /** @param window the one that is to open the file; null: the next one that starts */
  offer(file: Grant, window: WindowId | null): void {
    this.#waiting.push({ file, window });
  }

  /** The files for a window in the order that they were given, each once; one that starts also gets those for the next one. */
  take(window: WindowId, starting: boolean): Grant[] {
    const isFor = (offered: { window: WindowId | null }): boolean =>
      offered.window === window || (starting && offered.window === null);
    const taken = this.#waiting.filter(isFor).map(({ file }) => file);
    this.#waiting = this.#waiting.filter((offered) => !isFor(offered));
    return taken;
  }
}
