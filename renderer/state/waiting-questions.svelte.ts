import type { AnswerId, Bridge, ErrorReport, Job } from '../../preload/contract/index.ts';
import { counted } from '../view/format.ts';
import type { Announcer } from './announcer.svelte.ts';

interface Parts {
  bridge: Pick<Bridge, 'pauseAnswer' | 'resumeAnswer'>;
  announcer: Announcer;
  jobs: () => readonly Job[];
  onFault: (fault: ErrorReport) => void;
}

/** The questions of all sessions that are not answered yet because others are, or because a person put them off. */
export class WaitingQuestions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Those that have their turn by themselves. */
  get waiting(): readonly AnswerId[] {
    return this.#inState('queued');
  }

  /** Those that are not asked until somebody resumes them, also after a restart. */
  get paused(): readonly AnswerId[] {
    return this.#inState('paused');
  }

  /** Puts questions off: all that wait, where none is named. */
  async pause(answerIds = this.waiting): Promise<void> {
    let count = 0;
    let begun = 0;
    for (const answerId of answerIds) {
      const result = await this.#parts.bridge.pauseAnswer({ answerId });
      if (result.ok) count += 1;
      else if (result.error.code !== 'busy') return this.#parts.onFault(result.error);
      else begun += 1;
    }
    const goesOn = begun === 0 ? '' : `; ${counted(begun, 'question')} being answered already`;
    this.#parts.announcer.say(`${counted(count, 'question')} paused${goesOn}`);
  }

  /** Lets questions have their turn again: all that are paused, where none is named. */
  async resume(answerIds = this.paused): Promise<void> {
    for (const answerId of answerIds) {
      const result = await this.#parts.bridge.resumeAnswer({ answerId });
      if (!result.ok) return this.#parts.onFault(result.error);
    }
    this.#parts.announcer.say(`${counted(answerIds.length, 'question')} resumed`);
  }

  #inState(state: Job['state']): readonly AnswerId[] {
    return this.#parts
      .jobs()
      .flatMap((job) => (job.subject !== null && job.state === state ? [job.subject.answerId] : []));
  }
}
