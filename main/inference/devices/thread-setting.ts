import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** How the runtime uses the processor. */
export interface ThreadSetting {
  /** Threads within one operator. */
  readonly threads: number;
  /**
   * Whether threads that wait go on spinning for {@link spinMicroseconds}, which saves the time to wake them where the
   * machine has nothing else to do, and takes the time of those that work where it has.
   */
  readonly spinning: boolean;
}

/**
 * How long a thread that waits spins, where it does. Longer than what one thread does alone in the middle of a token and
 * between two, which is most of a millisecond, so that none has to be woken; and no longer, so that other programs lose
 * less than to onnxruntime's own measure. Eight layers of the 3B shape on two cores, at best: a token takes 13.4 ms (15.1
 * with 200 microseconds, 13.7 with onnxruntime's measure, 17.4 not spinning); beside a load of 12 it takes 36 ms of the
 * processors' time (31, 40 and 25).
 */
export const spinMicroseconds = 1000;

/** With more threads than this, the small matrices of one token are too little work to share. */
const mostThreads = 16;

/** The setting if nothing was measured. */
export function defaultSetting(): ThreadSetting {
  return { threads: Math.min(availableParallelism(), 8), spinning: false };
}

/**
 * Settings worth a try, the default first: one for each core, for each half of one, each also spinning, and one
 * thread. Where the time to try them runs out it is the last that are not tried, and a large model is the slowest to
 * open: the default spinning, which mostly is the fastest on a machine that does nothing else, comes second.
 */
export function settingsToTry(
  available = availableParallelism(),
  physical = physicalCores(),
): ThreadSetting[] {
  const usual = Math.min(available, 8);
  const counts = new Set([usual, Math.min(physical, available), Math.min(available, mostThreads), 1]);
  return [...counts].flatMap((threads) =>
    (threads > 1 ? [false, true] : [false]).map((spinning) => ({ threads, spinning })),
  );
}

/** Cores that are cores, where Linux tells; elsewhere as many as there are processors. */
export function physicalCores(folder = '/sys/devices/system/cpu'): number {
  try {
    const siblings = readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, 'utf8').trim());
    if (siblings.length > 0) return new Set(siblings).size;
  } catch {
    // This is not Linux, or a container hides it.
  }
  return availableParallelism();
}

/** The machine as far as a measurement depends on it. */
export function machineName(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'} x ${availableParallelism()}`;
}

/** `2 threads`, `1 thread`, `4 threads that spin`. */
export function settingInWords({ threads, spinning }: ThreadSetting): string {
  return `${threads} thread${threads === 1 ? '' : 's'}${spinning ? ' that spin' : ''}`;
}
