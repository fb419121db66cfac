import type { FramePlace } from './frame-times.ts';
import type { Player } from './player.svelte.ts';

/** A stretch of a recording to play: its first and its last frame, and its times in seconds since the first frame of all. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly seconds: { readonly from: number; readonly to: number };
}

/** Pictures come up to this much before their end, in s: the turn is then made by the clock, not by the next picture. */
const nearSeconds = 0.3;

/** Rounding of a stream's times, in s, which must not make a turn of a picture that belongs to the stretch. */
const tolerance = 0.002;

/** In and out, as a person sets them, and playing that keeps to them or to the segment that is chosen. */
export class Loop {
  in = $state.raw<FramePlace | null>(null);
  out = $state.raw<FramePlace | null>(null);
  /** Playing begins anew at the end of the stretch. */
  on = $state(false);
  readonly #player: () => Pick<Player, 'motion' | 'seek' | 'goTo' | 'play' | 'pause'>;
  readonly #segment: () => Stretch | null;
  /** Playing ends with the stretch. */
  #once = false;
  #turning = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param segment the one that is chosen, if any */
  constructor(player: () => Player, segment: () => Stretch | null) {
    this.#player = player;
    this.#segment = segment;
  }

  /** From in to out; null while one of them is missing. */
  readonly range: Stretch | null = $derived.by(() => {
    if (this.in === null || this.out === null) return null;
    const seconds = { from: this.in.seconds, to: this.out.endSeconds };
    return { from: this.in.index, to: this.out.index, seconds };
  });

  /** What is played: in to out, else the chosen segment. */
  readonly stretch: Stretch | null = $derived.by(() => this.range ?? this.#segment());

  /** An out before it can't be meant any more, and goes. Returns whether one went. */
  setIn(place: FramePlace): boolean {
    const isBehind = this.out !== null && this.out.index < place.index;
    this.in = place;
    if (isBehind) this.out = null;
    return isBehind;
  }

  /** The same the other way round. */
  setOut(place: FramePlace): boolean {
    const isBefore = this.in !== null && this.in.index > place.index;
    this.out = place;
    if (isBefore) this.in = null;
    return isBefore;
  }

  clear(): void {
    this.in = null;
    this.out = null;
  }

  /** Plays the stretch from its beginning, over and over, or leaves off doing so. Returns whether there is one. */
  async toggle(): Promise<boolean> {
    if (this.on) {
      this.on = false;
      return true;
    }
    if (this.stretch === null) return false;
    this.on = true;
    this.#once = false;
    await this.#begin(this.stretch);
    return true;
  }

  /** Plays the stretch once and halts on its last frame. Returns whether there is one. */
  async playOnce(): Promise<boolean> {
    if (this.stretch === null) return false;
    this.on = false;
    this.#once = true;
    await this.#begin(this.stretch);
    return true;
  }

  /** A picture is on the screen while playing, which began so many seconds after the first frame. */
  picture(seconds: number): void {
    const { stretch } = this;
    if (stretch === null || this.#turning || !(this.on || this.#once)) return;
    const { from, to } = stretch.seconds;
    clearTimeout(this.#timer);
    if (seconds >= to - tolerance || (this.on && seconds < from - tolerance)) void this.#turn(stretch);
    else if (to - seconds < nearSeconds) {
      const rest = (to - seconds) / Math.max(0.05, this.#player().motion.rate);
      this.#timer = setTimeout(() => {
        if (this.#player().motion.moving) void this.#turn(stretch);
      }, rest * 1000);
    }
  }

  /** The recording's end was played. Returns whether it is the end of the stretch and was seen to here. */
  ended(): boolean {
    const { stretch } = this;
    if (stretch === null || !(this.on || this.#once)) return false;
    void this.#turn(stretch);
    return true;
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  async #begin({ from }: Stretch): Promise<void> {
    await this.#player().goTo({ index: from as never });
    await this.#player().play();
  }

  async #turn(stretch: Stretch): Promise<void> {
    if (this.#turning) return;
    this.#turning = true;
    clearTimeout(this.#timer);
    try {
      if (this.#once) {
        this.#once = false;
        await this.#player().goTo({ index: stretch.to as never });
      } else if (this.#player().motion.moving) await this.#player().seek(stretch.seconds.from);
      else await this.#begin(stretch);
    } finally {
      this.#turning = false;
    }
  }
}
