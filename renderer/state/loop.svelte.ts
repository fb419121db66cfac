import type { VideoId } from '../../preload/contract/index.ts';
import type { FramePlace } from './frame-times.ts';
import type { FrameName } from '../view/timeline.ts';
import type { Player } from './player.svelte.ts';

/** A stretch to play: its first and its last frame, which may lie in two recordings, and its times in that of the case. */
export interface Stretch {
  readonly from: FrameName;
  readonly to: FrameName;
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
  readonly #player: () => Pick<Player, 'motion' | 'video' | 'seek' | 'goToFrame' | 'play' | 'pause'>;
  readonly #segment: () => Stretch | null;
  readonly #secondsOf: (videoId: VideoId, seconds: number) => number;
  /** Playing ends with the stretch. */
  #once = false;
  #turning = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param segment the one that is chosen, if any @param secondsOf the time of the case at a place in a recording */
  constructor(
    player: () => Player,
    segment: () => Stretch | null,
    secondsOf: (videoId: VideoId, seconds: number) => number,
  ) {
    this.#player = player;
    this.#segment = segment;
    this.#secondsOf = secondsOf;
  }

  /** From in to out; null while one of them is missing. */
  readonly range: Stretch | null = $derived.by(() => {
    if (this.in === null || this.out === null) return null;
    const seconds = { from: this.#beginOf(this.in), to: this.#endOf(this.out) };
    // Another order of the recordings may have put the out before the in.
    return seconds.to > seconds.from ? { from: this.in, to: this.out, seconds } : null;
  });

  /** What is played: in to out, else the chosen segment. */
  readonly stretch: Stretch | null = $derived.by(() => this.range ?? this.#segment());

  /** An out before it can't be meant any more, and goes. Returns whether one went. */
  setIn(place: FramePlace): boolean {
    const isBehind = this.out !== null && this.#beginOf(this.out) < this.#beginOf(place);
    this.in = place;
    if (isBehind) this.out = null;
    return isBehind;
  }

  /** The same the other way round. */
  setOut(place: FramePlace): boolean {
    const isBefore = this.in !== null && this.#beginOf(this.in) > this.#beginOf(place);
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

  /** A picture is on the screen while playing, which begins at this time of the case. */
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
    if (stretch.to.videoId !== this.#player().video.id) return false;
    void this.#turn(stretch);
    return true;
  }

  #beginOf({ videoId, seconds }: FramePlace): number {
    return this.#secondsOf(videoId, seconds);
  }

  #endOf({ videoId, endSeconds }: FramePlace): number {
    return this.#secondsOf(videoId, endSeconds);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  async #begin({ from }: Stretch): Promise<void> {
    await this.#player().goToFrame(from);
    await this.#player().play();
  }

  async #turn(stretch: Stretch): Promise<void> {
    if (this.#turning) return;
    this.#turning = true;
    clearTimeout(this.#timer);
    try {
      if (this.#once) {
        this.#once = false;
        await this.#player().goToFrame(stretch.to);
      } else if (this.#player().motion.moving) await this.#player().seek(stretch.seconds.from);
      else await this.#begin(stretch);
    } finally {
      this.#turning = false;
    }
  }
}
