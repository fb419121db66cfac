/** How long controls stay after the pointer or a key moved last, in ms. */
const awakeMilliseconds = 2500;

/**
 * The frame fills the screen, and the controls come when something moves. Where the system refuses the screen, the frame fills the
 * window all the same.
 */
export class FullScreen {
  active = $state(false);
  /** Whether the controls are in sight. */
  awake = $state(false);
  readonly #document: Pick<Document, 'documentElement' | 'exitFullscreen' | 'fullscreenElement'>;
  #sleep: ReturnType<typeof setTimeout> | undefined;

  constructor(page: Pick<Document, 'documentElement' | 'exitFullscreen' | 'fullscreenElement'>) {
    this.#document = page;
  }

  toggle(): void {
    if (this.active) this.leave();
    else this.#enter();
  }

  #enter(): void {
    this.active = true;
    this.wake();
    // Refused without a person's press, or where the system has none: then the window is filled.
    this.#document.documentElement.requestFullscreen?.().catch(() => undefined);
  }

  /** Returns whether there was anything to leave. */
  leave(): boolean {
    if (!this.active) return false;
    this.active = false;
    clearTimeout(this.#sleep);
    if (this.#document.fullscreenElement) void this.#document.exitFullscreen();
    return true;
  }

  /** The browser itself has left the full screen, as Escape makes it do. */
  readonly changed = (): void => {
    if (!this.#document.fullscreenElement) this.leave();
  };

  readonly wake = (): void => {
    if (!this.active) return;
    this.awake = true;
    clearTimeout(this.#sleep);
    this.#sleep = setTimeout(() => (this.awake = false), awakeMilliseconds);
  };
}
