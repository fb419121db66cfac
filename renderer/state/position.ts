import type { FrameIndex, VideoId } from '../../preload/contract/index.ts';

const restMilliseconds = 800;

interface Place {
  readonly videoId: VideoId;
  readonly frameIndex: FrameIndex;
}

/** Where the reviewer stands in the recordings: written down once the stepping rests. */
export class Position {
  readonly #save: (place: Place) => Promise<void>;
  #kept: Place;
  #unsaved: Place | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(kept: Place, save: (place: Place) => Promise<void>) {
    this.#kept = kept;
    this.#save = save;
  }

  keep(place: Place): void {
    const isKept = place.videoId === this.#kept.videoId && place.frameIndex === this.#kept.frameIndex;
    if (isKept && this.#unsaved === null) return;
    this.#unsaved = place;
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
