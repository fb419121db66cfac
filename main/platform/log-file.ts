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
  /** A file that would grow beyond this becomes `workstation.previous.log`, so that both together hold twice as much. */
  fileBytes: number;
  /** How much of a text is kept; a stack is a text. */
  textLength: number;
  /** Lines of one kind (area and message) in `windowMilliseconds`; the rest are counted. */
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
 * One line of JSON for each entry, in `<home>/logs/workstation.log`, opened at the first one: by then the store has
 * made the data folder or told the person why it can't. When the disk refuses, entries are dropped: a log must not stop a
 * review. Whatever is logged, and whoever causes it, the files stay within their limits.
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
      // Asked of the file each time: a command beside a window writes to the same one.
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

/** Lets so many lines of one kind through in a stretch of time, and says afterwards how many there were beside. */
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
