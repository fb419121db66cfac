/** Where the video parts write. Fields at `info` and above hold no file names; `debug` holds exact commands. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = () => undefined;
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore };
