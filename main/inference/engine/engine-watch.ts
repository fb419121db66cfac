import { bytesInWords } from '../../platform/bytes-in-words.ts';
import type { WorkPhase } from '../messages.ts';

/** When a process counts as hung, and how much memory it may take. */
export interface WatchLimits {
  /**
   * Seconds without any sign of life from the process. While it has no work, the main thread must give signs too, since
   * it is free to do so.
   */
  readonly silenceSeconds: number;
  /**
   * Seconds in which the main thread is silent at work while the process takes no processor time: it waits for
   * something that does not come, such as a disk that went away or a driver.
   */
  readonly stallSeconds: number;
  /** Seconds for which the main thread may be silent while it computes: more than any run of a graph should take. */
  readonly runSeconds: Readonly<Record<WorkPhase, number>>;
  /** Resident bytes. */
  readonly memoryCeilingBytes: number;
}

export const usualWatchLimits = {
  silenceSeconds: 30,
  stallSeconds: 120,
  // One run each: opening a graph, one image, one piece of a prompt, a few tokens of an answer.
  runSeconds: { load: 900, preprocess: 120, vision: 900, prefill: 600, decode: 300 },
} as const;

const phaseWords: Readonly<Record<WorkPhase, string>> = {
  load: 'while it loaded the model',
  preprocess: 'while it prepared the frame',
  vision: 'while it looked at the frame',
  prefill: 'while it read the question',
  decode: 'while it wrote the answer',
};

const mebibyte = 2 ** 20;

/**
 * By default a process of the engine may take nine tenths of the memory that is free when it starts: beyond that
 * the system begins to swap, or ends the process that it chooses. At least 512 MB, and never more than there is.
 */
export function usualMemoryCeiling(freeBytes: number, totalBytes: number): number {
  return Math.min(Math.max(freeBytes * 0.9, 512 * mebibyte), totalBytes);
}

/** Why a process has to be ended. */
export interface WatchVerdict {
  readonly kind: 'hung' | 'memory';
  /** In words, to stand behind "it": `stopped responding: no sign of life for 30 s`. */
  readonly reason: string;
}

/** A process that uses less than this share of one processor counts as waiting. */
const waitingShare = 0.02;

/**
 * Judges by the messages of a process whether it is alive. It counts its own ticks rather than the time of day, so that
 * a process is not taken for hung after the machine has slept, or when this process itself was blocked.
 */
export class ProcessWatch {
  readonly #limits: WatchLimits;
  readonly #tickSeconds: number;
  #threadSilence = 0;
  #heartbeatSilence = 0;
  #waiting = 0;
  #heartbeats = 0;
  #processorMilliseconds = 0;
  #processorAtTick = 0;

  constructor(limits: WatchLimits, tickSeconds: number) {
    this.#limits = limits;
    this.#tickSeconds = tickSeconds;
  }

  /** Called for every message of the process's main thread. */
  heard(): void {
    this.#threadSilence = 0;
    this.#waiting = 0;
    this.#heartbeatSilence = 0;
  }

  /** Called for every heartbeat of the process's second thread. */
  heartbeat(processorMilliseconds: number): void {
    this.#heartbeats += 1;
    this.#heartbeatSilence = 0;
    this.#processorMilliseconds = processorMilliseconds;
  }

  /** Resident memory as last heard, of either thread. */
  resident(bytes: number): WatchVerdict | null {
    const { memoryCeilingBytes } = this.#limits;
    if (bytes <= memoryCeilingBytes) return null;
    return { kind: 'memory', reason: `memory ceiling of ${bytesInWords(memoryCeilingBytes)} reached` };
  }

  /** @param working The phase that the process last reported; null when it has no work. */
  tick(working: WorkPhase | null): WatchVerdict | null {
    const { silenceSeconds, stallSeconds, runSeconds } = this.#limits;
    const used = this.#processorMilliseconds - this.#processorAtTick;
    this.#processorAtTick = this.#processorMilliseconds;
    const waits = used < waitingShare * this.#tickSeconds * 1000;
    this.#threadSilence += this.#tickSeconds;
    this.#heartbeatSilence += this.#tickSeconds;
    this.#waiting = waits && working !== null ? this.#waiting + this.#tickSeconds : 0;
    const hung = (what: string): WatchVerdict => ({
      kind: 'hung',
      reason: `stopped responding${working === null ? '' : ` ${phaseWords[working]}`}: ${what}`,
    });
    // Some hosts have no second thread; then only the main thread's messages count.
    const beats = this.#heartbeats > 0;
    if (
      (beats && this.#heartbeatSilence > silenceSeconds) ||
      (working === null && this.#threadSilence > silenceSeconds)
    ) {
      return hung(`no sign of life for ${silenceSeconds} s`);
    }
    if (beats && this.#waiting > stallSeconds) {
      return hung(`it waited ${stallSeconds} s for something that did not come`);
    }
    if (working !== null && this.#threadSilence > runSeconds[working]) {
      return hung(`one step took more than ${runSeconds[working]} s`);
    }
    return null;
  }
}
