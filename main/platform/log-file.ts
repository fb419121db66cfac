import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LogEntry, LogSink } from './log.ts';

export interface LogFile {
  readonly log: LogSink;
  readonly file: string;
  close: () => Promise<void>;
}

export interface LogLimits {
  /** A file that would grow beyond this is renamed `workstation.previous.log`, so both together take twice as much at most. */
  fileBytes: number;
  /** Longer texts, such as stacks, are cut after this many characters. */
  textLength: number;
  /** How many lines of the same area and message are written within `windowMilliseconds`; further ones are only counted. */
  linesOfOneKind: number;
  windowMilliseconds: number;
}

export const logLimits: LogLimits = {
  fileBytes: 5 * 1024 * 1024,
  textLength: 3000,
  linesOfOneKind: 60,
  windowMilliseconds: 60_000,
};

/**
 * Writes each entry as a line of JSON to `<home>/logs/workstation.log`. The file is opened with the first entry: by then
 * the store has made the data folder or told the person why it can't. Entries that the disk refuses are dropped, because
 * a log must not stop a review. The files stay within their limits, whatever is logged.
 */
export function openLogFile(
  home: string,
  now: () => Date = () => new Date(),
  limits: LogLimits = logLimits,
): LogFile {
  const folder = join(home, 'logs');
  const file = join(folder, 'workstation.log');
  const repeats = new RepeatedLines(limits);
  let handle: number | null = null;
  let refused = false;

  function open(): number | null {
    if (refused || !statSync(home, { throwIfNoEntry: false })?.isDirectory()) return null;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const opened = openSync(file, 'a', 0o600);
    if (process.platform !== 'win32' && (fstatSync(opened).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return opened;
  }

  function write(entry: LogEntry): void {
    try {
      handle ??= open();
      if (handle === null) return;
      const line = `${JSON.stringify({ at: now().toISOString(), ...shortened(entry, limits.textLength) })}\n`;
      // The file is asked for its size each time, because a command beside a window writes to the same one.
      if (fstatSync(handle).size + Buffer.byteLength(line) > limits.fileBytes) {
        closeSync(handle);
        handle = null;
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > limits.fileBytes / 2) {
          renameSync(file, join(folder, 'workstation.previous.log'));
        }
        handle = open();
        if (handle === null) return;
      }
      writeSync(handle, line);
    } catch {
      // The store tells the person of an unwritable folder, with the remedy; saying it twice helps no one.
      refused = handle === null;
    }
  }

  return {
    file,
    log: (entry) => {
      for (const line of repeats.pass(entry)) write(line);
    },
    close: () => {
      for (const line of repeats.rest()) write(line);
      if (handle !== null) closeSync(handle);
      handle = null;
      refused = true;
      return Promise.resolve();
    },
  };
}

/** Passes on a limited number of lines of one kind in a period, and tells afterwards how many were left out. */
class RepeatedLines {
  readonly #limits: LogLimits;
  readonly #kinds = new Map<string, { entry: LogEntry; since: number; lines: number }>();

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  pass(entry: LogEntry): LogEntry[] {
    const kind = `${entry.level} ${entry.area} ${entry.message}`;
    const at = performance.now();
    let found = this.#kinds.get(kind);
    const lines: LogEntry[] = [];
    if (found !== undefined && at - found.since >= this.#limits.windowMilliseconds) {
      lines.push(...this.#summary(found));
      this.#kinds.delete(kind);
      found = undefined;
    }
    if (found === undefined) this.#kinds.set(kind, (found = { entry, since: at, lines: 0 }));
    found.lines++;
    if (found.lines <= this.#limits.linesOfOneKind) lines.push(entry);
    return lines;
  }

  rest(): LogEntry[] {
    const lines = [...this.#kinds.values()].flatMap((kind) => this.#summary(kind));
    this.#kinds.clear();
    return lines;
  }

  #summary({ entry: { level, area, message }, lines }: { entry: LogEntry; lines: number }): LogEntry[] {
    const more = lines - this.#limits.linesOfOneKind;
    return more > 0 ? [{ level, area, message, details: { leftOut: more } }] : [];
  }
}

function shortened(entry: LogEntry, length: number): LogEntry {
  const short = (text: string): string => (text.length > length ? `${text.slice(0, length)}…` : text);
  if (entry.details === undefined) return { ...entry, message: short(entry.message) };
  const details = Object.entries(entry.details).map(([name, value]) => [
    name,
    typeof value === 'string' ? short(value) : value,
  ]);
  return {
    ...entry,
    message: short(entry.message),
    details: Object.fromEntries(details) as LogEntry['details'] & object,
  };
}
