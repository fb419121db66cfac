import type { Piece } from './weights.ts';

/** How far an import is. */
export interface ImportProgress {
  /** Bytes read for hashes plus bytes written, of all that there will be. */
  done: number;
  total: number;
  /** Null while too little is done to tell. */
  secondsLeft: number | null;
  /** What it is doing, in words. */
  activity: string;
}

/** Seconds of work before a forecast means anything. */
const secondsForForecast = 1;

/**
 * Counts bytes, and forecasts the time left from what kinds of work take: hashing a byte is cheaper than
 * quantising a value. The figures are nanoseconds of one x64 core; only their ratios matter.
 */
export class ProgressMeter {
  private done = 0;
  private costDone = 0;
  private costWorked = 0;
  private activity = 'Reading the checkpoint';
  private readonly begin: number;
  private readonly total: number;
  private readonly cost: number;
  private readonly report: (progress: ImportProgress) => void;
  private readonly now: () => number;

  /**
   * @param total, cost of the whole import
   * @param now milliseconds
   */
  constructor(
    total: number,
    cost: number,
    report: (progress: ImportProgress) => void,
    now: () => number = () => performance.now(),
  ) {
    this.total = total;
    this.cost = cost;
    this.report = report;
    this.now = now;
    this.begin = now();
  }

  /** Names what is being done from now on. */
  begins(activity: string): void {
    this.activity = activity;
    this.tell();
  }

  /** @param worked false for what an earlier import had done: it says nothing of this machine's speed */
  advance(bytes: number, cost: number, worked = true): void {
    this.done += bytes;
    this.costDone += cost;
    if (worked) this.costWorked += cost;
    this.tell();
  }

  private tell(): void {
    const seconds = (this.now() - this.begin) / 1000;
    const known = seconds >= secondsForForecast && this.costWorked > 0;
    const secondsLeft = known ? ((this.cost - this.costDone) * seconds) / this.costWorked : null;
    this.report({ done: this.done, total: this.total, secondsLeft, activity: this.activity });
  }
}

export const hashCost = (bytes: number): number => bytes;

export function pieceCost({ columns, rows, format, tensor }: Piece): number {
  const perValue = format.kind === 'blocks' ? (format.bits === 4 ? 20 : 8) : 3;
  return columns * rows * (perValue + (tensor.adapter?.rank ?? 0));
}
