/** A line of the log. It may hold words, ids, counts and times, but never pixels, names or what a person typed. */
export interface LogEntry {
  level: 'info' | 'warn' | 'error';
  area: string;
  message: string;
  details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Takes the lines of the log: into a host's file, or a test's list. */
export type LogSink = (entry: LogEntry) => void;

/**
 * The log as one room writes it. Fields at `info` and above hold no file names; `debug` holds exact commands, which name
 * files, and stays out of the log file.
 */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = () => undefined;
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore };

/** The log of one area, such as `store`, whose name each of its lines carries. */
export function logTo(sink: LogSink, area: string): Log {
  const write =
    (level: 'info' | 'warn') =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      sink({ level, area, message, details: Object.fromEntries(Object.entries(fields).map(plain)) });
  return { debug: ignore, info: write('info'), warn: write('warn') };
}

function plain([name, value]: [string, unknown]): [string, string | number | boolean | null] {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return [name, value];
  return [name, typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')];
}
