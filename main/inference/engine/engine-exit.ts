/** What the end of a process means, in words for a person, where its signal or exit code tells. */

const signalMeanings: Readonly<Record<string, string>> = {
  SIGKILL: 'ended from outside, most often by the system when memory runs out',
  SIGTERM: 'ended from outside',
  SIGHUP: 'ended from outside',
  SIGSEGV: 'a fault in the runtime',
  SIGBUS: 'a fault in the runtime, or a model file that cannot be read any more',
  SIGILL: 'the runtime uses instructions that this processor does not have',
  SIGFPE: 'a fault in the runtime',
  SIGABRT: 'the runtime gave up, most often because memory ran out',
  SIGTRAP: 'the runtime gave up, most often because memory ran out',
};

/** Of POSIX, for hosts that tell a signal as a number. */
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

/** Of Windows: NTSTATUS values as exit codes. */
const windowsMeanings: Readonly<Record<number, string>> = {
  0xc0000005: signalMeanings['SIGSEGV']!,
  0xc000001d: signalMeanings['SIGILL']!,
  0xc0000006: signalMeanings['SIGBUS']!,
  0xc0000017: 'memory ran out',
  0xc000012d: 'memory ran out',
  0xc00000fd: 'a fault in the runtime',
  0xc0000374: 'a fault in the runtime',
  0xc0000409: 'the runtime gave up, most often because memory ran out',
};

/** What a process writes before it ends for want of memory. */
const outOfMemoryLine = /heap out of memory|bad_alloc|out of memory|cannot allocate memory/i;

/**
 * @param reason As a host tells it: `signal SIGKILL`, `exit code 134`.
 * @param lastLines What the process wrote last.
 * @returns The reason, with what it means where that is known: `signal SIGSEGV: a fault in the runtime`.
 */
export function explainExit(reason: string, lastLines: readonly string[] = []): string {
  if (lastLines.some((line) => outOfMemoryLine.test(line))) return `${reason}: memory ran out`;
  const meaning = meaningOf(reason);
  return meaning === undefined ? reason : `${reason}: ${meaning}`;
}

/** Whether an explained reason says that the process was ended by another one, or the system. */
export const endedFromOutside = (reason: string): boolean => reason.includes(': ended from outside');

function meaningOf(reason: string): string | undefined {
  const signal = /^signal (\w+)$/.exec(reason)?.[1];
  if (signal !== undefined) return signalMeanings[signal];
  const code = Number(/^exit code (-?\d+)$/.exec(reason)?.[1] ?? Number.NaN) >>> 0;
  if (code in windowsMeanings) return windowsMeanings[code];
  // Electron tells a signal as its number, a shell as 128 and its number. Node's own codes of that size are not ours.
  const name = signalNumbers[code > 128 ? code - 128 : code];
  return name === undefined || code === 1 ? undefined : signalMeanings[name];
}
