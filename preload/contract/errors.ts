import { z } from 'zod';
import { ShownMessage } from './visible-text.ts';

/** Every failure a person can meet, by cause. The text says what happened; the hint, what to do. */
export const errorCodes = [
  'invalid-input',
  'not-found',
  'not-allowed',
  'cancelled',
  'busy',
  'unavailable',
  'changed-since',
  'in-bin',
  // video
  'file-missing',
  'file-empty',
  'file-changed',
  'file-unreadable',
  'video-not-a-video',
  'video-no-picture',
  'video-truncated',
  'video-protected',
  'video-too-large',
  'frame-out-of-range',
  'frame-mismatch',
  'ffmpeg-missing',
  'ffmpeg-failed',
  'ffmpeg-outdated',
  // model and engine
  'model-missing-file',
  'model-altered-file',
  'model-wrong-architecture',
  'model-mismatch',
  'model-no-tokenizer',
  'model-unsupported',
  'engine-lost',
  'prompt-too-long',
  'out-of-memory',
  // store
  'store-unwritable',
  'store-full',
  'store-newer',
  'store-corrupt',
  'store-unreadable',
  'record-broken',
  'store-locked',
  'store-lost',
  // data sets
  'data-malformed',
  'internal',
] as const;

export const ErrorCode = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** An error in the form that windows and clients get: never with a stack, an internal path, or pixels. */
export const ErrorReport = z.object({
  code: ErrorCode,
  message: ShownMessage,
  hint: ShownMessage,
});
export type ErrorReport = z.infer<typeof ErrorReport>;

/** An error that a person can act on. `message` names the cause, `hint` the remedy. */
export class WorkstationError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WorkstationError';
    this.code = code;
    this.hint = hint;
  }

  toReport(): ErrorReport {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** The stack of an unforeseen error, for the log only. It may hold paths, so no window or client gets it. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/**
 * Turns anything that was thrown into a report. Anything but a `WorkstationError` becomes `internal` without details, so
 * whoever catches it should log its `stackOf`.
 */
export function toErrorReport(error: unknown): ErrorReport {
  if (error instanceof WorkstationError) return error.toReport();
  if (error instanceof Error && error.name === 'AbortError') {
    return {
      code: 'cancelled',
      message: 'The work was stopped.',
      hint: 'Start it again when you are ready.',
    };
  }
  return {
    code: 'internal',
    message: 'Something went wrong inside the workstation.',
    hint: 'Try again. If it happens again, the log in the data folder names the cause.',
  };
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new WorkstationError('cancelled', 'The work was stopped.', 'Start it again when you are ready.');
  }
}
