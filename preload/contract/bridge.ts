import { z } from 'zod';
import type { CallInput, CallName, CallOutput } from './calls.ts';
import { ErrorReport, WorkstationError } from './errors.ts';
import type { WorkstationEvent } from './events.ts';

/** The answer to every call: a value or an error report, never an exception across the door. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: ErrorReport };

export const resultOf = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), value }),
    z.object({ ok: z.literal(false), error: ErrorReport }),
  ]);

/** The named functions that the renderer has; there is no generic `invoke`. */
export type Bridge = { [N in CallName]: (input: CallInput<N>) => Promise<Result<CallOutput<N>>> } & {
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  /**
   * Turns a dropped file into a grant. Electron knows its path; a browser does not, and then finds the
   * file by name and size among the places that the workstation may read, or imports a copy.
   */
  grantDroppedFile: (
    file: File,
    onProgress?: (progress: { done: number; total: number }) => void,
  ) => Promise<Result<{ grantId: string; name: string; copied: boolean }>>;
};

/** Unwraps a result where an exception is wanted. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new WorkstationError(result.error.code, result.error.message, result.error.hint);
}
