import type { WindowId } from '../../preload/contract/context.ts';
import type { Grant } from './grants.ts';

/**
 * Files that the system or the command line gave to the program. Each waits here for the one window that is to open it,
 * because only a window can ask a person what to do with a recording that is known already.
 */
export class FilesForWindows {
  #waiting: { file: Grant; window: WindowId | null }[] = [];

  /** @param window the one that is to open the file; null for the next one that starts */
  offer(file: Grant, window: WindowId | null): void {
    this.#waiting.push({ file, window });
  }

  /** Takes the files for a window, in the order given. A window that is `starting` also gets those for the next one. */
  take(window: WindowId, starting: boolean): Grant[] {
    const isFor = (offered: { window: WindowId | null }): boolean =>
      offered.window === window || (starting && offered.window === null);
    const taken = this.#waiting.filter(isFor).map(({ file }) => file);
    this.#waiting = this.#waiting.filter((offered) => !isFor(offered));
    return taken;
  }
}
