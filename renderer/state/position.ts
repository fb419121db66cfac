import type { FrameIndex } from '../../preload/contract/index.ts';

const restMilliseconds = 800;

/** Where the reviewer stands in the video: written down once the stepping rests. */
export class Position {
  readonly #save: (index: FrameIndex) => Promise<void>;
  #kept: FrameIndex;
  #unsaved: FrameIndex | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(kept: FrameIndex, save: (index: FrameIndex) => Promise<void>) {
    this.#kept = kept;
    this.#save = save;
  }

  keep(index: FrameIndex): void {
    if (index === this.#kept && this.#unsaved === null) return;
    this.#unsaved = index;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), restMilliseconds);
  }

  /** Writes it down now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#unsaved === null) return;
    this.#kept = this.#unsaved;
    this.#unsaved = null;
    await this.#save(this.#kept);
  }
}
