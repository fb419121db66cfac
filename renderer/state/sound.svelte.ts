import type { Bridge, Sound as Kind, Video } from '../../preload/contract/index.ts';

/** Speech can be followed between these speeds; at others nothing is heard. */
const slowest = 0.5;
const fastest = 2;

export interface SoundParts {
  /** Where it is left out nothing is heard, and nothing said. */
  bridge?: Pick<Bridge, 'getSound'>;
  /** The session's video as it is now: its index may become ready while it is open. */
  video: () => Video;
  /** Whether the person has switched the sound on; never by default. */
  soundOn?: () => boolean;
}

/**
 * Whether the sound of a recording is heard. Recordings hold voices, which are patient data in a room with others: so it is off
 * when the window opens, and the choice ends with the window.
 */
export class Sound {
  /** Null until it is known, which is once the frames are counted. */
  kind = $state<Kind | null>(null);
  /** The browser has played a while and decoded nothing of it. */
  unheard = $state(false);
  readonly #parts: SoundParts;

  constructor(parts: SoundParts) {
    this.#parts = parts;
  }

  /** Whether there is sound that can be switched on. */
  get available(): boolean {
    return this.kind === 'native' || this.kind === 'converted';
  }

  get on(): boolean {
    return this.available && (this.#parts.soundOn?.() ?? false);
  }

  /** Whether playing at this speed is heard. Backwards, exact frames are shown one by one, and there is none. */
  heardAt(rate: number): boolean {
    return this.on && rate >= slowest && rate <= fastest;
  }

  /** Whether the stream has to be converted for its sound alone, and to carry it. */
  get inStream(): boolean {
    return this.on && this.kind === 'converted';
  }

  /** What is said beside the speed. */
  inWords(rate: number): string {
    if (this.kind === 'none') return 'no sound in this file';
    if (this.kind === 'left-out') return 'sound can’t be played in time';
    if (!this.on) return 'sound off';
    if (this.unheard) return 'sound on, but it can’t be decoded';
    return this.heardAt(rate) ? 'sound on' : `sound on, silent at ${rate < 0 ? '◀ ' : ''}${Math.abs(rate)}×`;
  }

  async read(): Promise<void> {
    const { id, availability } = this.#parts.video();
    if (availability !== 'available') return;
    const read = await this.#parts.bridge?.getSound({ videoId: id });
    if (read?.ok) this.kind = read.value;
  }
}
