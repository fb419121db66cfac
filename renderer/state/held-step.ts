import type { Player } from './player.svelte.ts';

/** A step button: one press one frame, held it goes on; by keyboard each click one frame. */
export class HeldStep {
  readonly #player: Player;
  readonly #by: -1 | 1;
  /** The pointer has begun a run; the click that follows its release is part of it. */
  #pressed = false;

  constructor(player: Player, by: -1 | 1) {
    this.#player = player;
    this.#by = by;
  }

  readonly press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#pressed = true;
    void this.#player.beginRun(this.#by);
  };

  readonly release = (): void => {
    if (this.#pressed) this.#player.endRun();
  };

  readonly click = (): void => {
    if (!this.#pressed) void this.#player.step(this.#by);
    this.#pressed = false;
  };
}
