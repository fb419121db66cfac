import { WorkstationError, type ErrorCode } from '../../preload/contract/errors.ts';

/** An error as plain data, because an error that is sent between threads loses its class. */
export type CarriedError =
  | { kind: 'workstation'; code: ErrorCode; message: string; hint: string }
  | { kind: 'system'; message: string; fields: Partial<NodeJS.ErrnoException> };

/** Turns an error into data that can be sent to another thread. */
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

/** Turns sent data back into an error to throw. */
export function unpackError(error: CarriedError): Error {
  if (error.kind === 'workstation') return new WorkstationError(error.code, error.message, error.hint);
  return Object.assign(new Error(error.message), error.fields);
}
