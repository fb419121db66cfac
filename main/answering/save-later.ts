import type { Answer } from '../../preload/contract/domain.ts';
import { stackOf, toErrorReport, type ErrorReport } from '../../preload/contract/errors.ts';
import type { AnswerId } from '../../preload/contract/values.ts';
import type { Log } from '../store/index.ts';

const RETRY_MILLISECONDS = 2000;

export interface SaveLaterOptions {
  save: (answer: Answer) => void;
  /** Called when an answer that the disk had refused is saved after all. */
  onSaved: (answer: Answer) => void;
  log: Log;
}

/**
 * Saves answers; keeps those that a full or vanished disk refuses, and tries them again until they are
 * saved. Meanwhile they carry the reason as their error, so that the person knows.
 */
export class SaveLater {
  readonly #options: SaveLaterOptions;
  readonly #waiting = new Map<AnswerId, { answer: Answer; problem: ErrorReport }>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SaveLaterOptions) {
    this.#options = options;
  }

  /** Saves an answer now or, if the disk refuses it, later. Returns it as it is to be shown, with that problem. */
  save(answer: Answer): Answer {
    try {
      this.#options.save(answer);
      this.#waiting.delete(answer.id);
      return answer;
    } catch (error) {
      const problem = toErrorReport(error);
      this.#options.log.warn('an answer was not saved', {
        answer: answer.id,
        code: problem.code,
        ...(problem.code === 'internal' ? { stack: stackOf(error) } : {}),
      });
      this.#waiting.set(answer.id, { answer, problem });
      this.#timer ??= setInterval(() => this.#retry(), RETRY_MILLISECONDS).unref();
      return withProblem(answer, problem);
    }
  }

  unsaved(id: AnswerId): Answer | null {
    const waiting = this.#waiting.get(id);
    return waiting === undefined ? null : withProblem(waiting.answer, waiting.problem);
  }

  /** Tries a last time to save what the disk has refused. */
  close(): void {
    this.#retry();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #retry(): void {
    for (const { answer } of this.#waiting.values()) {
      try {
        this.#options.save(answer);
      } catch (error) {
        this.#options.log.warn('an answer is still not saved', { code: toErrorReport(error).code });
        return;
      }
      this.#waiting.delete(answer.id);
      this.#options.onSaved(answer);
    }
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** What went wrong with the answer itself goes before what went wrong with saving it. */
const withProblem = (answer: Answer, problem: ErrorReport): Answer => ({
  ...answer,
  error: answer.error ?? problem,
});
