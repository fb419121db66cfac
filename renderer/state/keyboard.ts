import { isUnderWay, wasKeptBack } from '../../preload/contract/index.ts';
import { markStepNumbers, type Action } from '../view/shortcuts.ts';
import type { EditedPart } from '../view/box-editing.ts';
import { say } from '../words/say.ts';
import { chooseOtherEye } from './choose-eye.ts';
import type { Review } from './review.svelte.ts';
import { goToMarker } from './neighbours.ts';
import { samplesAtOnce } from './seeds.ts';
import { switchSound } from './switch-sound.ts';
import type { Workstation } from './workstation.svelte.ts';

/** What keys do outside the review: parts of the window itself. */
export interface WindowActions {
  find: () => void;
  library: () => void;
  settings: () => void;
  shortcuts: () => void;
  goTo: () => void;
  focusAsk: () => void;
}

const runSteps: Partial<Record<Action, number>> = {
  'step-back': -1,
  'step-forward': 1,
  'step-back-ten': -10,
  'step-forward-ten': 10,
};

/** Turns keys into actions, wherever the focus is, except where it is in text, a menu or a dialog. */
export class Keyboard {
  readonly #workstation: Workstation;
  readonly #window: WindowActions;
  /** The key whose run of steps goes on. */
  #held: string | null = null;
  /** The key that did something of ours when it went down. */
  #took: string | null = null;

  constructor(workstation: Workstation, windowActions: WindowActions) {
    this.#workstation = workstation;
    this.#window = windowActions;
  }

  readonly down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    const action = this.#workstation.preferences.keys.actionOf(event);
    if (!action || !this.#allowed(event, action)) return;
    if (event.repeat) {
      // The run of steps is already on its way; other actions happen once a press, but moves may repeat.
      if (action in runSteps) event.preventDefault();
      if (action in runSteps || !/^(second|pan|time)/.test(action)) return;
    }
    if (!this.#perform(action, event)) return;
    event.preventDefault();
    this.#took = event.code;
  };

  readonly up = (event: KeyboardEvent): void => {
    // Buttons are pressed when Space is let go: not by a Space that was for the video.
    if (event.key === ' ' && event.code === this.#took) event.preventDefault();
    this.#took = null;
    if (event.code === this.#held) this.leave();
  };

  /** The window lost the focus: the key's release will not be heard. */
  readonly leave = (): void => {
    if (this.#held === null) return;
    this.#held = null;
    this.#workstation.review?.player.endRun();
  };

  /** Does what a key does, as if it had been pressed and let go. */
  run(action: Action): void {
    this.#perform(action, { key: '', code: '' });
    this.leave();
  }

  /** Why an action can't be done now; null where it can. */
  obstacleTo(action: Action): string | null {
    if (['library', 'settings', 'shortcuts', 'find'].includes(action)) return null;
    const { review, askObstacle } = this.#workstation;
    if (review === null) return 'Open a video first';
    switch (action) {
      case 'ask-again':
      case 'ask-samples':
        if (review.answer === null) return 'There is no answer on show';
        if (wasKeptBack(review.answer)) return say('ask.refused');
        return review.selected?.answers.some(({ status }) => isUnderWay(status))
          ? 'An answer to this question is still to come'
          : askObstacle;
      case 'ask':
      case 'ask-region':
        return askObstacle;
      case 'accept':
        return review.judging.canAccept ? null : 'There is no answer on show to accept';
      case 'correct':
      case 'own-box':
        return review.judging.canJudge ? null : 'There is no answer on show to correct';
      case 'reject':
        return review.judging.canJudge ? null : 'There is no answer on show to reject';
      case 'reopen':
        return review.judging.own?.judgement ? null : 'There is no verdict of yours on show';
      case 'previous-answer':
      case 'next-answer':
        return review.entries.length > 0 ? null : 'There are no answers here';
      case 'previous-open':
      case 'next-open':
        return review.list.counts.open > 0 ? null : 'No answer here is open';
      case 'undo':
      case 'redo':
        return null;
      default:
        return review.player.ready || /^(zoom|pan|time|full|present|hide)/.test(action)
          ? null
          : 'The video is not ready';
    }
  }

  #allowed(event: KeyboardEvent, action: Action): boolean {
    const target = event.target;
    // Whatever is typed stays where it is: the palette leaves it as it was.
    if (action === 'find' && !document.querySelector('dialog[open]')) return true;
    if (document.querySelector('dialog[open]')) return false;
    if (!(target instanceof HTMLElement)) return true;
    if (target.closest('input, textarea, select, [contenteditable]')) return action === 'escape';
    if (target.closest('[role="menu"], [role="dialog"]')) return false;
    // Space plays, as reviewers know it from every player; what has the focus is pressed with Enter. With nothing to play,
    // Space presses.
    return event.key !== ' ' || this.#workstation.review !== null;
  }

  #perform(action: Action, event: Pick<KeyboardEvent, 'key' | 'code'>): boolean {
    switch (action) {
      case 'find':
      case 'library':
        this.#window[action]();
        return true;
      case 'settings':
        this.#window.settings();
        return true;
      case 'shortcuts':
        this.#window.shortcuts();
        return true;
      case 'sound':
        return switchSound(this.#workstation);
      case 'full-screen':
      case 'present':
        if (!this.#workstation.review) return false;
        if (action === 'present') this.#workstation.presenter.open();
        else this.#workstation.fullScreen.toggle();
        return true;
      case 'undo':
      case 'redo':
        if (!this.#workstation.review) return false;
        void this.#workstation.steps[action]();
        return true;
      default:
        return this.#workstation.review ? this.#review(this.#workstation.review, action, event) : false;
    }
  }

  #review(review: Review, action: Action, event: Pick<KeyboardEvent, 'key' | 'code'>): boolean {
    const { player, view } = review;
    const steps = runSteps[action];
    if (steps !== undefined) {
      this.#held = event.code;
      void player.beginRun(steps);
      return true;
    }
    const actions: Partial<Record<Action, () => unknown>> = {
      play: () => player.togglePlay(),
      pause: () => player.pause(),
      faster: () => player.faster(),
      reverse: () => player.reverse(),
      slower: () => player.changeSpeed('slower'),
      quicker: () => player.changeSpeed('faster'),
      'second-back': () => player.jump(-1),
      'second-forward': () => player.jump(1),
      'ten-seconds-back': () => player.jump(-10),
      'ten-seconds-forward': () => player.jump(10),
      'first-frame': () => player.first(),
      'last-frame': () => player.last(),
      'go-to': () => this.#window.goTo(),
      'previous-marker': () => goToMarker(review, this.#workstation.announcer, -1),
      'next-marker': () => goToMarker(review, this.#workstation.announcer, 1),
      bookmark: () => review.marks.bookmark(),
      'bookmark-with-note': () => review.marks.bookmarkWithNote(),
      'set-in': () => review.marks.setIn(),
      'set-out': () => review.marks.setOut(),
      'clear-range': () => review.marks.clearRange(),
      track: () => review.tracks.begin(),
      'track-hide': () => review.tracks.hideFromHere(),
      'name-segment': () => review.marks.nameSegment(),
      'begin-here': () => review.marks.edgeHere('from'),
      'end-here': () => review.marks.edgeHere('to'),
      'play-stretch': () => review.marks.play('once'),
      loop: () => review.marks.play('loop'),
      'previous-answer': () => review.selectNeighbour(-1),
      'next-answer': () => review.selectNeighbour(1),
      'previous-open': () => review.selectNeighbour(-1, 'open'),
      'next-open': () => review.selectNeighbour(1, 'open'),
      accept: () => review.judging.accept(),
      correct: () => this.#correct(review, 'label'),
      'own-box': () => this.#correct(review, 'box'),
      reject: () => review.judging.askReason(),
      reopen: () => review.judging.reopen(),
      ...Object.fromEntries(
        markStepNumbers.map((step) => [`mark-step-${step}`, () => review.judging.cycle(step - 1)]),
      ),
      ask: () => this.#ask(review),
      'ask-region': () => void review.player.pause().then(() => review.region.begin()),
      'ask-again': () => this.#askAgain(review, 1),
      'ask-samples': () => this.#askAgain(review, samplesAtOnce),
      'zoom-in': () => view.zoomIn(),
      'zoom-out': () => view.zoomOut(),
      'zoom-fit': () => view.fit(),
      'hide-overlays': () => view.toggleOverlays(),
      eye: () => (view.wantsEye = true),
      'other-eye': () => chooseOtherEye(this.#workstation, review),
      'time-closer': () => review.time.zoomIn(player.seconds),
      'time-wider': () => review.time.zoomOut(player.seconds),
      'time-all': () => review.time.showAll(),
      'pan-left': () => view.look(-1, 0),
      'pan-right': () => view.look(1, 0),
      'pan-up': () => view.look(0, -1),
      'pan-down': () => view.look(0, 1),
      escape: () =>
        review.judging.escape() ||
        review.region.leave() ||
        review.tracks.leave() ||
        review.marks.leave() ||
        this.#workstation.fullScreen.leave() ||
        this.#workstation.tour.leave() ||
        review.stop(),
    };
    const perform = actions[action];
    void perform?.();
    return perform !== undefined;
  }

  /** Says why where it can't be asked now: also while a version waits or is paused. */
  #askAgain(review: Review, times: number): void {
    const obstacle = this.obstacleTo('ask-again');
    if (obstacle === null) void review.askAgain('anew', times);
    else this.#workstation.announcer.say(obstacle);
  }

  /** A box is drawn on the frame that was answered. */
  #correct(review: Review, first: EditedPart): void {
    void review.goToAnswer();
    review.judging.correct(first);
  }

  /** The question is about a frame: what moves stops first. */
  #ask(review: Review): void {
    void review.player.pause();
    this.#window.focusAsk();
  }
}
