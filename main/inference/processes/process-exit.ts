/** Whose doing the end of a process was, as far as its signal or exit code tells. */
export type ExitCause = 'outside' | 'memory' | 'runtime' | 'unknown';

/** Why a process ended. */
export interface ExitReason {
  readonly cause: ExitCause;
  /** As a host tells it, with what it means in words for a person: `signal SIGSEGV: a fault in the runtime`. */
  readonly words: string;
}

interface Meaning {
  readonly cause: ExitCause;
  readonly words: string;
}

const fault: Meaning = { cause: 'runtime', words: 'a fault in the runtime' };
const gaveUp: Meaning = { cause: 'runtime', words: 'the runtime gave up, most often because memory ran out' };
const memoryRanOut: Meaning = { cause: 'memory', words: 'memory ran out' };
const ended: Meaning = { cause: 'outside', words: 'ended from outside' };

const signalMeanings: Readonly<Record<string, Meaning>> = {
  SIGKILL: { cause: 'outside', words: 'ended from outside, most often by the system when memory runs out' },
  SIGTERM: ended,
  SIGHUP: ended,
  SIGSEGV: fault,
  SIGBUS: { cause: 'runtime', words: 'a fault in the runtime, or a model file that cannot be read any more' },
  SIGILL: { cause: 'runtime', words: 'the runtime uses instructions that this processor does not have' },
  SIGFPE: fault,
  SIGABRT: gaveUp,
  SIGTRAP: gaveUp,
};

/** The numbers of POSIX signals, for hosts that give a signal as a number. */
const signalNumbers: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** The NTSTATUS values that Windows uses as exit codes. */
const windowsMeanings: Readonly<Record<number, Meaning>> = {
  0xc0000005: fault,
  0xc000001d: signalMeanings['SIGILL']!,
  0xc0000006: signalMeanings['SIGBUS']!,
  0xc0000017: memoryRanOut,
  0xc000012d: memoryRanOut,
  0xc00000fd: fault,
  0xc0000374: fault,
  0xc0000409: gaveUp,
};

/** What a process writes before it ends because memory ran out. */
const outOfMemoryLine = /heap out of memory|bad_alloc|out of memory|cannot allocate memory/i;

/**
 * @param reason As a host tells it: `signal SIGKILL`, `exit code 134`.
 * @param lastLines What the process wrote last.
 */
export function explainExit(reason: string, lastLines: readonly string[] = []): ExitReason {
  const meaning = lastLines.some((line) => outOfMemoryLine.test(line)) ? memoryRanOut : meaningOf(reason);
  if (meaning === undefined) return { cause: 'unknown', words: reason };
  return { cause: meaning.cause, words: `${reason}: ${meaning.words}` };
}

function meaningOf(reason: string): Meaning | undefined {
  const signal = /^signal (\w+)$/.exec(reason)?.[1];
  if (signal !== undefined) return signalMeanings[signal];
  const code = Number(/^exit code (-?\d+)$/.exec(reason)?.[1] ?? Number.NaN) >>> 0;
  if (code in windowsMeanings) return windowsMeanings[code];
  // Electron gives a signal as its number, and a shell as 128 plus its number. Node's own exit codes are not of that size.
  const name = signalNumbers[code > 128 ? code - 128 : code];
  return name === undefined || code === 1 ? undefined : signalMeanings[name];
}
