import { isSameEye, type Box, type CallInput, type Size, type Video } from '../../preload/contract/index.ts';
import {
  boxInWords,
  middleBox,
  moveBox,
  type BoxPart,
  type EditedBox,
  type EditedPart,
} from '../view/box-editing.ts';
import type { Point } from '../view/viewport.ts';
import { focusAsk } from './focus-ask.ts';
import type { View } from './view.svelte.ts';

/** The part of the frame that the next question is to be about, as far as a person has drawn it. */
export class Region implements EditedBox {
  /** With the eye of a stereo recording in whose picture it was drawn: on another one's it would be another part. */
  #drawn = $state.raw<{ readonly box: Box; readonly eye: Video['eye'] } | null>(null);
  wants = $state.raw<EditedPart | null>(null);
  readonly #of: { readonly view: Pick<View, 'picture'>; readonly video: Size & Pick<Video, 'eye'> };
  readonly #say: (words: string) => void;

  constructor(
    of: { readonly view: Pick<View, 'picture'>; readonly video: Size & Pick<Video, 'eye'> },
    say: (words: string) => void,
  ) {
    this.#of = of;
    this.#say = say;
  }

  get box(): Box | null {
    return this.#drawn && isSameEye(this.#drawn.eye, this.#of.video.eye) ? this.#drawn.box : null;
  }

  /** What of a call that asks names the region; nothing for the whole frame. */
  get asked(): Pick<CallInput<'ask'>, 'region'> {
    return this.box === null ? {} : { region: [...this.box] };
  }

  /** The next question is about the whole frame, once all of these were taken. Returns those that were not. */
  asAsked(left: readonly string[]): readonly string[] {
    if (left.length === 0) this.place(null);
    return left;
  }

  get #size(): Size {
    return this.#of.view.picture ?? this.#of.video;
  }

  /** Begins with a box in the middle of the frame, or goes on with the one that there is. */
  begin(): void {
    this.place(this.box ?? middleBox(this.#size));
    this.wants = 'box';
    this.#say('Region to ask about. Arrows move it, Enter goes on to the question, Escape leaves it.');
  }

  place(box: Box | null): void {
    this.#drawn = box && { box, eye: this.#of.video.eye };
  }

  moveBox(part: BoxPart, by: Point): void {
    if (this.box === null) return;
    const moved = moveBox(this.box, part, by, this.#size);
    this.place(moved);
    this.#say(boxInWords(moved));
  }

  keep(): void {
    this.wants = null;
    // The question comes next.
    focusAsk();
  }

  /** Returns whether there was a region. */
  leave(): boolean {
    if (this.box === null) return false;
    this.place(null);
    this.#say('The whole frame is asked about');
    return true;
  }
}
