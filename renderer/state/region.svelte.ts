import type { Box, CallInput, Size } from '../../preload/contract/index.ts';
import {
  boxInWords,
  middleBox,
  moveBox,
  type BoxPart,
  type EditedBox,
  type EditedPart,
} from '../view/box-editing.ts';
import type { Point } from '../view/viewport.ts';
import type { Announcer } from './announcer.svelte.ts';

/** The part of the frame that the next question is to be about, as far as a person has drawn it. */
export class Region implements EditedBox {
  box = $state.raw<Box | null>(null);
  wants = $state.raw<EditedPart | null>(null);
  readonly #announcer: Pick<Announcer, 'say' | 'settle'>;
  readonly #picture: () => Size;
  readonly #onKept: () => void;

  /** @param onKept called once the region is drawn: the question comes next */
  constructor(announcer: Pick<Announcer, 'say' | 'settle'>, picture: () => Size, onKept: () => void) {
    this.#announcer = announcer;
    this.#picture = picture;
    this.#onKept = onKept;
  }

  /** What of a call that asks names the region; nothing for the whole frame. */
  get asked(): Pick<CallInput<'ask'>, 'region'> {
    return this.box === null ? {} : { region: [...this.box] };
  }

  /** Begins with a box in the middle of the frame, or goes on with the one that there is. */
  begin(): void {
    this.box ??= middleBox(this.#picture());
    this.wants = 'box';
    this.#announcer.say(
      'Region to ask about. Arrows move it, Enter goes on to the question, Escape leaves it.',
    );
  }

  place(box: Box | null): void {
    this.box = box;
  }

  moveBox(part: BoxPart, by: Point): void {
    if (this.box === null) return;
    this.box = moveBox(this.box, part, by, this.#picture());
    this.#announcer.settle(boxInWords(this.box));
  }

  keep(): void {
    this.wants = null;
    this.#onKept();
  }

  /** Returns whether there was a region. */
  leave(): boolean {
    if (this.box === null) return false;
    this.box = null;
    this.#announcer.say('The whole frame is asked about');
    return true;
  }
}
