import { stepInPast, type Bridge, type Change, type ErrorReport } from '../../preload/contract/index.ts';
import { written } from '../view/format.ts';
import type { Announcer } from './announcer.svelte.ts';
import type { Review } from './review.svelte.ts';

/** A quiet line about what was done last, undone or done again. */
export interface StepNotice {
  readonly text: string;
  /** What to do where it could not be done. */
  readonly hint: string | null;
  /** What its button does: it takes back the very step that the line tells of. */
  readonly offers: 'undo' | 'redo' | null;
}

interface Parts {
  bridge: Bridge;
  announcer: Announcer;
  review: () => Review | null;
}

type Turn = 'undo' | 'redo';

/** A line is read in seconds; what failed is read twice. */
const shownMilliseconds = 10_000;
const failedMilliseconds = 20_000;

/**
 * Undo and redo of what this person did in the session that is open. The workstation keeps the steps, so they outlive
 * reloads and restarts; the window only says what was done.
 */
export class UndoSteps {
  notice = $state.raw<StepNotice | null>(null);
  readonly #parts: Parts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One after another: two presses take back two steps. */
  #last: Promise<void> = Promise.resolve();
  /** Whether a change is the one that the line tells of. */
  #isTold: (change: Change) => boolean = () => false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  undo(): Promise<void> {
    return this.#inTurn('undo');
  }

  redo(): Promise<void> {
    return this.#inTurn('redo');
  }

  /** Says that something was deleted, and offers the way back. */
  deleted(what: 'Question' | 'Bookmark' | 'Segment' | 'Box', deletedId: string): void {
    this.#isTold = ({ edits }) => edits?.some(({ id }) => id === deletedId) ?? false;
    this.#tell({ text: `${what} deleted`, hint: null, offers: 'undo' });
    this.#parts.announcer.say(`${what} deleted. Control Z brings it back.`);
  }

  /** A later step of the same person ends the offer: its button would take back another one. */
  told(changes: readonly Change[], actor: string | undefined): void {
    const review = this.#parts.review();
    const isLater = changes.some(
      (change) =>
        change.kind !== 'record' &&
        change.actor === actor &&
        change.sessionId === review?.session.id &&
        !this.#isTold(change),
    );
    if (isLater && this.notice?.offers) this.dismiss();
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.notice = null;
  }

  #inTurn(turn: Turn): Promise<void> {
    this.#last = this.#last.then(() => this.#take(turn));
    return this.#last;
  }

  async #take(turn: Turn): Promise<void> {
    const review = this.#parts.review();
    if (!review) return;
    // What a hand has just moved is still on its way: it belongs to the step that is taken back.
    await Promise.all([review.tracks.sent, review.marks.edges.sent]);
    const done = await this.#parts.bridge[turn]({ sessionId: review.session.id });
    if (done.ok) await review.follow(done.value.change);
    // The person has gone on to another session meanwhile: what was done in this one is said no more.
    if (this.#parts.review() !== review) return;
    if (!done.ok) return this.#failed(done.error);
    const { change } = done.value;
    this.#isTold = ({ seq }) => seq <= change.seq;
    const text = `${written(stepInPast(change))}: ${turn === 'undo' ? 'undone' : 'done again'}`;
    this.#tell({ text, hint: null, offers: turn === 'undo' ? 'redo' : 'undo' });
    this.#parts.announcer.say(text);
  }

  #failed({ code, message, hint }: ErrorReport): void {
    this.#isTold = () => false;
    // That there is nothing to undo is no failure, and asks for nothing.
    this.#tell({ text: message, hint: code === 'not-found' ? null : hint, offers: null });
    this.#parts.announcer.say(code === 'not-found' ? message : `${message} ${hint}`);
  }

  #tell(notice: StepNotice): void {
    clearTimeout(this.#timer);
    this.notice = notice;
    this.#timer = setTimeout(
      () => this.dismiss(),
      notice.hint === null ? shownMilliseconds : failedMilliseconds,
    );
  }
}
