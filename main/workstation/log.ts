/** A line for the log: words, ids, counts and times; never pixels, names or what a person typed. */
export type LogSink = (entry: {
  level: 'info' | 'warn' | 'error';
  area: string;
  message: string;
  details?: Readonly<Record<string, string | number | boolean | null>>;
}) => void;

/** The log as the rooms behind the door write it. */
export interface AreaLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Lines of one area. Exact commands (`debug`) name files, so they stay out of the log file. */
export function logTo(sink: LogSink, area: string): AreaLog {
  const write =
    (level: 'info' | 'warn') =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      sink({ level, area, message, details: Object.fromEntries(Object.entries(fields).map(plain)) });
  return { debug: () => undefined, info: write('info'), warn: write('warn') };
}

function plain([name, value]: [string, unknown]): [string, string | number | boolean | null] {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return [name, value];
  return [name, typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')];
}
