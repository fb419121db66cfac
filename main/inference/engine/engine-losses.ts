import { WorkstationError, type ErrorReport } from '../../../preload/contract/errors.ts';
import type { ProcessLost } from './engine-link.ts';
import { ceilingHint } from '../model/memory-estimate.ts';

/** After this many losses within a minute the engine is not started again, since it would probably fail again. */
const lossesPerMinute = 3;

/** Counts unexpected ends of the engine's process. */
export class EngineLosses {
  #losses: { readonly at: number; readonly reason: string }[] = [];

  forget(): void {
    this.#losses = [];
  }

  add(loss: ProcessLost): void {
    // A process that was ended because it did not obey a stop was in a long run; nothing is wrong with it.
    if (loss.kind !== 'stop') this.#losses.push({ at: Date.now(), reason: loss.message });
  }

  /** Why the process should not be started once more; null where it may be. */
  obstacle(): WorkstationError | null {
    this.#losses = this.#losses.filter(({ at }) => Date.now() - at < 60_000);
    const last = this.#losses.at(-1);
    if (last === undefined || this.#losses.length < lossesPerMinute) return null;
    return new WorkstationError(
      'engine-lost',
      `The engine ended ${this.#losses.length} times within a minute; the last time: ${last.reason}.`,
      'Load the model again, or another one; the log names the reason of each end.',
    );
  }
}

/** The error to show while the engine starts again. */
export function reportOfLoss(loss: ProcessLost): ErrorReport {
  const messages = {
    exit: `The engine ended unexpectedly (${loss.message}).`,
    device: `A device failed, and is not used any more (${loss.message}).`,
    hung: `The engine was ended, because it ${loss.message}.`,
    memory: `The engine was ended: ${loss.message}.`,
    stop: `The engine was ended by force: ${loss.message}.`,
  };
  return {
    code: 'engine-lost',
    message: messages[loss.kind],
    hint:
      loss.kind === 'memory'
        ? `It starts again by itself. ${ceilingHint}`
        : 'It starts again by itself, and goes on with the questions that wait.',
  };
}

/** The error for a process that was lost while it loaded the model. */
export function lossInLoading(loss: ProcessLost): WorkstationError {
  if (loss.kind === 'memory') {
    return new WorkstationError(
      'out-of-memory',
      `The engine was ended while it loaded the model: ${loss.message}.`,
      ceilingHint,
      { cause: loss },
    );
  }
  return new WorkstationError(
    'engine-lost',
    `The engine ended while it loaded the model (${loss.message}).`,
    loss.kind === 'hung'
      ? 'Check that the disk with the model folder can be read, and load the model again.'
      : 'Check that there is enough free memory, or load a smaller model.',
    { cause: loss },
  );
}
