import { throwIfAborted } from '../../preload/contract/errors.ts';
import type { Turns } from './task-queue.ts';

/**
 * Work in its turn, whose asker need not wait for the turn to stop it.
 * @throws WorkstationError `cancelled` for a stop before the turn; a stop after that is for `work` to obey.
 */
export function takeStoppable<T>(
  turns: Turns,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => rejectStopped(signal, reject);
  });
  const forget = (): void => signal?.removeEventListener('abort', stop);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  const done = turns.take(() => {
    forget();
    throwIfAborted(signal);
    return work();
  });
  return Promise.race([done, stopped]).finally(forget);
}

/** Rejects with what {@link throwIfAborted} says of a signal; does nothing where it is not aborted. */
export function rejectStopped(signal: AbortSignal | undefined, reject: (error: unknown) => void): void {
  try {
    throwIfAborted(signal);
  } catch (error) {
    reject(error);
  }
}
