import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A line for the log: words, ids, counts and times; never pixels, names or what a person typed. */
export interface LogEntry {
  level: 'info' | 'warn' | 'error';
  area: string;
  message: string;
  details?: Readonly<Record<string, string | number | boolean | null>>;
}

export type Log = (entry: LogEntry) => void;

export interface LogFile {
  readonly log: Log;
  readonly file: string;
  close: () => Promise<void>;
}

const maximumBytes = 5 * 1024 * 1024;

/**
 * One line of JSON for each entry, in `<home>/logs/workstation.log`. A file over 5 MB at opening becomes
 * `workstation.previous.log`. When the disk refuses, entries are dropped: a log must not stop a review.
 */
export function openLogFile(home: string, now: () => Date = () => new Date()): LogFile {
  const folder = join(home, 'logs');
  const file = join(folder, 'workstation.log');
  let stream: ReturnType<typeof createWriteStream> | null = null;
  try {
    mkdirSync(folder, { recursive: true });
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maximumBytes) {
      renameSync(file, join(folder, 'workstation.previous.log'));
    }
    stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
    stream.on('error', () => {
      stream = null;
    });
  } catch {
    // The store tells the person of an unwritable folder, with the remedy; saying it twice helps no one.
    stream = null;
  }
  return {
    file,
    log: (entry) => stream?.write(`${JSON.stringify({ at: now().toISOString(), ...entry })}\n`),
    close: () =>
      new Promise((resolve) => {
        if (stream) stream.end(() => resolve());
        else resolve();
      }),
  };
}

/** For the log only: the stack of what nobody foresaw. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
