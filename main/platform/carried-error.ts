import { WorkstationError, type ErrorCode } from '../../preload/contract/errors.ts';

/** An error on its way from one thread to another, which keeps no classes. */
export type CarriedError =
  | { kind: 'workstation'; code: ErrorCode; message: string; hint: string }
  | { kind: 'system'; message: string; fields: Partial<NodeJS.ErrnoException> };

/** Makes an error ready to be sent to another thread. */
export function packError(error: unknown): CarriedError {
  if (error instanceof WorkstationError) return { kind: 'workstation', ...error.toReport() };
  const { message, code, errno, syscall, path, stack } = error as NodeJS.ErrnoException;
  const fields = {
    ...(code && { code }),
    ...(errno !== undefined && { errno }),
    ...(syscall && { syscall }),
    ...(path && { path }),
    ...(stack && { stack }),
  };
  return { kind: 'system', message, fields };
}

/** The error that was sent, to be thrown. */
export function unpackError(error: CarriedError): Error {
  if (error.kind === 'workstation') return new WorkstationError(error.code, error.message, error.hint);
  return Object.assign(new Error(error.message), error.fields);
}
