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
 * One line of JSON for each entry, in `<home>/logs/workstation.log`, opened at the first one: by then the store has
 * made the data folder or told the person why it can't. A file over 5 MB at opening becomes
 * `workstation.previous.log`. When the disk refuses, entries are dropped: a log must not stop a review.
 */
export function openLogFile(home: string, now: () => Date = () => new Date()): LogFile {
  const folder = join(home, 'logs');
  const file = join(folder, 'workstation.log');
  let stream: ReturnType<typeof createWriteStream> | null = null;
  const open = (): typeof stream => {
    try {
      if (!statSync(home, { throwIfNoEntry: false })?.isDirectory()) return null;
      if (!statSync(folder, { throwIfNoEntry: false })) mkdirSync(folder);
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maximumBytes) {
        renameSync(file, join(folder, 'workstation.previous.log'));
      }
      const opened = createWriteStream(file, { flags: 'a', mode: 0o600 });
      opened.on('error', () => opened.destroy());
      return opened;
    } catch {
      // The store tells the person of an unwritable folder, with the remedy; saying it twice helps no one.
      return null;
    }
  };
  return {
    file,
    log: (entry) => {
      stream ??= open();
      if (stream?.writable) stream.write(`${JSON.stringify({ at: now().toISOString(), ...entry })}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (stream?.writable) stream.end(() => resolve());
        else resolve();
      }),
  };
}
