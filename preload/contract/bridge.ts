import { z } from 'zod';
import type { CallInput, CallName, CallOutput } from './calls.ts';
import { ErrorReport, WorkstationError } from './errors.ts';
import type { WorkstationEvent } from './events.ts';
import { GrantId, Sha256 } from './values.ts';
import { ShownName } from './visible-text.ts';

/** The reply to every call: a value or an error report, because exceptions do not survive the way between processes. */
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
  /** The folder that it lies in, so that a person can tell two files of the same name apart. */
  folder: ShownName,
});
export type FoundFile = z.infer<typeof FoundFile>;

/** Where a dropped file lies. If it was not found it can only be copied; if there are several, a person must choose. */
export const DroppedFile = z.object({
  found: z.array(FoundFile),
  /** Whether it is surely the dropped file itself. A browser gives only its bytes, so what was found may be a copy. */
  exact: z.boolean(),
  /** Room for a copy in the data folder; null if that is not known. */
  freeBytes: z.number().min(0).nullable(),
});
export type DroppedFile = z.infer<typeof DroppedFile>;

/** How a browser describes a dropped file, since it hides the path: by digests of `edgesOf` and `samplesOf`. */
export const DroppedDescription = z.strictObject({
  name: z.string().min(1).max(500),
  size: z.int().min(0),
  /** The seed that chooses the places of `samplesOf`. */
  seed: z.int().min(0).max(0xffffffff),
  edges: Sha256,
  samples: Sha256,
});
export type DroppedDescription = z.infer<typeof DroppedDescription>;

export const CopiedFile = z.object({ grantId: GrantId, name: ShownName });
export type CopiedFile = z.infer<typeof CopiedFile>;

/** The functions that the renderer may call. There is no generic `invoke`, so that a window can do nothing else. */
export type Bridge = { [N in CallName]: (input: CallInput<N>) => Promise<Result<CallOutput<N>>> } & {
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  /**
   * Looks for a dropped file. Electron knows its path; for a browser, the workstation looks for a file with the same bytes in
   * the places that it may read. Nothing is copied.
   */
  grantDroppedFile: (file: File) => Promise<Result<DroppedFile>>;
  /** Copies a dropped file that was not found into the data folder. The signal aborts this. */
  copyDroppedFile: (
    file: File,
    onProgress: (progress: { done: number; total: number }) => void,
    signal: AbortSignal,
  ) => Promise<Result<CopiedFile>>;
};

/** Returns the value of a result, or throws its error. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new WorkstationError(result.error.code, result.error.message, result.error.hint);
}
