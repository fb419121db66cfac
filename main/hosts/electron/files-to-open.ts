/**
 * Files that the system asks the program to open. On macOS it asks before the program is ready, and those that ask first
 * must not be lost: they wait here until the workstation is there.
 */
export class FilesToOpen {
  readonly #waiting: string[] = [];
  #open: ((path: string) => Promise<void>) | null = null;
  #opening: Promise<void> = Promise.resolve();

  add(path: string): void {
    const open = this.#open;
    if (open === null) this.#waiting.push(path);
    // One after another, in the order asked: the last one is the one on the screen.
    else this.#opening = this.#opening.then(() => open(path));
  }

  /** What has waited so far, in the order asked. */
  take(): string[] {
    return this.#waiting.splice(0);
  }

  /** From now on `open` gets every file, those first that still wait. It must not reject. */
  openWith(open: (path: string) => Promise<void>): void {
    this.#open = open;
    for (const path of this.take()) this.add(path);
  }
}
