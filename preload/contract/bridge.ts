import { z } from 'zod';
import type { CallInput, CallName, CallOutput } from './calls.ts';
import { ErrorReport, WorkstationError } from './errors.ts';
import type { WorkstationEvent } from './events.ts';
import { GrantId, Sha256 } from './values.ts';
import { ShownName } from './visible-text.ts';

/** The answer to every call: a value or an error report, never an exception across the door. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: ErrorReport };

export const resultOf = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), value }),
    z.object({ ok: z.literal(false), error: ErrorReport }),
  ]);

/** A file on the workstation's disks that holds what was dropped. */
export const FoundFile = z.object({
  grantId: GrantId,
  name: ShownName,
  /** The folder that it lies in, as a person tells two files of one name apart. */
  folder: ShownName,
});
export type FoundFile = z.infer<typeof FoundFile>;

/** Where a dropped file lies. None: it could only be copied. Several: a person has to say which one is meant. */
export const DroppedFile = z.object({
  found: z.array(FoundFile),
  /** Whether it is the dropped file itself; a browser shows its bytes only, so that it may be a copy of it. */
  exact: z.boolean(),
  /** Room for a copy in the data folder; null where that is not known. */
  freeBytes: z.number().min(0).nullable(),
});
export type DroppedFile = z.infer<typeof DroppedFile>;

/** How a browser describes a dropped file, whose path it hides: digests of `edgesOf` and `samplesOf`. */
export const DroppedDescription = z.strictObject({
  name: z.string().min(1).max(500),
  size: z.int().min(0),
  /** Draws the places of `samplesOf`. */
  seed: z.int().min(0).max(0xffffffff),
  edges: Sha256,
  samples: Sha256,
});
export type DroppedDescription = z.infer<typeof DroppedDescription>;

export const CopiedFile = z.object({ grantId: GrantId, name: ShownName });
export type CopiedFile = z.infer<typeof CopiedFile>;

/** The named functions that the renderer has; there is no generic `invoke`. */
export type Bridge = { [N in CallName]: (input: CallInput<N>) => Promise<Result<CallOutput<N>>> } & {
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  /**
   * Looks for a dropped file. Electron knows its path; a browser does not, and the workstation then looks for a file
   * with the same bytes among the places that it may read. Nothing is copied.
   */
  grantDroppedFile: (file: File) => Promise<Result<DroppedFile>>;
  /** Copies a dropped file that was not found into the data folder; ends with the signal. */
  copyDroppedFile: (
    file: File,
    onProgress: (progress: { done: number; total: number }) => void,
    signal: AbortSignal,
  ) => Promise<Result<CopiedFile>>;
};

/** Unwraps a result where an exception is wanted. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new WorkstationError(result.error.code, result.error.message, result.error.hint);
}
