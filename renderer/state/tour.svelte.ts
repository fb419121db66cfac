import { isUnderWay, type Bridge } from '../../preload/contract/index.ts';
import { say } from '../words/say.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Opener } from './opener.svelte.ts';
import type { Preferences } from './preferences.svelte.ts';
import type { Review } from './review.svelte.ts';

/** What the person does in each step, in its order. */
export const tourSteps = ['step', 'ask', 'read', 'judge', 'undo'] as const;
export type TourStep = (typeof tourSteps)[number];

interface Window {
  readonly review: Review | null;
  readonly preferences: Preferences;
  readonly announcer: Announcer;
  readonly opener: Pick<Opener, 'openSession'>;
  readonly bridge: Pick<Bridge, 'listCases' | 'listSessions'>;
}

/** How things stood when a step began, by which it is seen that the person did it. */
interface Before {
  readonly frame: number | null;
  readonly questions: number;
  readonly judged: boolean;
}

/**
 * A tour of five steps, each of which the person does with the real parts. It goes over the demonstration case alone, and
 * ends when another case is opened.
 */
export class Tour {
  /** The step that is on, by its place; the number of steps once all are done; null while there is no tour. */
  at = $state<number | null>(null);
  /** Why the tour could not begin. */
  fault = $state<string | null>(null);
  #before = $state.raw<Before>({ frame: null, questions: 0, judged: false });
  /** Whether something was looked for in the last step. */
  #found = $state(false);
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
  }

  /** The review that the tour goes over; null if another case than the demonstration is open. */
  get #review(): Review | null {
    const { review } = this.#window;
    return review?.case.demonstration === true ? review : null;
  }

  /** Whether the tour is to be offered, as it is to everybody until they took or declined it. */
  get isOffered(): boolean {
    return this.at === null && this.#review !== null && this.#window.preferences.values?.tour === 'to-offer';
  }

  get isOn(): boolean {
    return this.at !== null && this.#review !== null;
  }

  get step(): TourStep | null {
    return this.at === null ? null : (tourSteps[this.at] ?? null);
  }

  /** Whether the person can go on from the answer, as it has ended. */
  get isRead(): boolean {
    const answer = this.#review?.answer;
    return answer != null && !isUnderWay(answer.status);
  }

  /** Whether the person did what the step is about. The answer is read by nobody but them, so they say so. */
  get isDone(): boolean {
    const review = this.#review;
    if (review === null) return false;
    const { frame, questions, judged } = this.#before;
    const isJudged = Boolean(review.judging.own?.judgement);
    switch (this.step) {
      case 'step': {
        const now = review.player.shown?.location.index ?? null;
        return now !== null && now !== frame;
      }
      case 'ask':
        return review.entries.length > questions;
      case 'judge':
        return isJudged && !judged;
      case 'undo':
        return this.#found || (judged && !isJudged);
      default:
        return false;
    }
  }

  /** Begins with the first step, in the demonstration case, which is opened if another one is on show. */
  async start(): Promise<void> {
    this.fault = null;
    if (this.#review === null) await this.#openDemonstration();
    if (this.#review === null) {
      this.fault = say('tour.no-demonstration');
      this.#window.announcer.say(this.fault);
      return;
    }
    this.#go(0);
  }

  next(): void {
    if (this.at === null) return;
    this.#go(this.at + 1);
  }

  /** Something was looked for. */
  found(): void {
    this.#found = true;
  }

  /** Ends the tour wherever it is. Returns whether there was one. */
  leave(): boolean {
    if (!this.isOn) return false;
    this.#end();
    this.#window.announcer.say(say('tour.left'));
    return true;
  }

  /** Never offers it again. */
  decline(): void {
    this.#end();
  }

  #end(): void {
    this.at = null;
    void this.#window.preferences.change({ tour: 'over' });
  }

  #go(at: number): void {
    const review = this.#review;
    if (review === null) return;
    this.#found = false;
    this.#before = {
      frame: review.player.shown?.location.index ?? null,
      questions: review.entries.length,
      judged: Boolean(review.judging.own?.judgement),
    };
    this.at = at;
    const { step } = this;
    this.#window.announcer.say(
      step === null
        ? say('tour.end')
        : `${say('tour.at', { at: at + 1, of: tourSteps.length })} ${say(`tour.${step}`)}`,
    );
  }

  async #openDemonstration(): Promise<void> {
    const { bridge, opener } = this.#window;
    const [cases, sessions] = await Promise.all([bridge.listCases({}), bridge.listSessions({})]);
    if (!cases.ok || !sessions.ok) return;
    const demonstration = cases.value.find((one) => one.demonstration);
    const session = sessions.value.find(({ caseId }) => caseId === demonstration?.id);
    if (session) await opener.openSession(session.id, session.casePseudonym);
  }
}
