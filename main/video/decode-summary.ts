import { DamageFinder } from './damage.ts';
import type { DecodeLogEntry } from './decode-log.ts';
import { sameFormat, type FormatRun, type FrameFormat } from './frame-format.ts';
import type { FrameTable } from './frame-table.ts';

/** What the decode log of a whole file adds to its table: formats that change on the way, and which frames are damaged. */
export class DecodeSummary {
  readonly #finder: DamageFinder;
  readonly #changes: { position: number; pts: number | null; format: FrameFormat }[] = [];
  #frames = 0;
  #corruptPackets = 0;
  readonly #corrupt: ReadonlySet<number>;

  /**
   * @param corrupt times of packets that are known already to have arrived damaged
   * @param lacksFrames each packet should make a frame, and some made none
   */
  constructor(corrupt: ReadonlySet<number>, lacksFrames: boolean) {
    this.#finder = new DamageFinder(lacksFrames);
    this.#corrupt = corrupt;
  }

  get hasCorruptPackets(): boolean {
    return this.#corruptPackets > 0;
  }

  add(entry: DecodeLogEntry): void {
    if (entry.kind === 'packet') {
      const isCorrupt = entry.isCorrupt || (entry.pts !== null && this.#corrupt.has(entry.pts));
      if (isCorrupt) this.#corruptPackets++;
      this.#finder.add({ ...entry, isCorrupt });
      return;
    }
    this.#finder.add(entry);
    if (entry.kind !== 'frame') return;
    const { pts, format } = entry;
    const before = this.#changes.at(-1)?.format;
    if (!before || !sameFormat(before, format)) this.#changes.push({ position: this.#frames, pts, format });
    this.#frames++;
  }

  /** Runs of formats. What the container states of the first frames holds where they say nothing else themselves. */
  formats(table: FrameTable, stated: FrameFormat): FormatRun[] {
    const first = this.#changes[0]?.format;
    const isAsStated = first && first.width === stated.width && first.height === stated.height;
    const runs: FormatRun[] = [{ first: 0, format: !first || isAsStated ? stated : first }];
    const inOrder = this.#frames === table.ticks.length;
    for (const { position, pts, format } of this.#changes.slice(1)) {
      const index = inOrder ? position : pts === null ? -1 : table.ticks.indexOf(pts);
      if (index <= 0) continue;
      runs.push({ first: index, format: first && isAsStated && sameFormat(format, first) ? stated : format });
    }
    return runs;
  }

  /** Gives a flag for each frame of the table. */
  damaged(table: FrameTable): Uint8Array {
    if (this.#frames === table.ticks.length) {
      const numbers = this.#finder.numbers();
      return Uint8Array.from(table.ticks, (_, index) => (numbers.has(index) ? 1 : 0));
    }
    const times = this.#finder.times();
    return Uint8Array.from(table.ticks, (ticks) => (times.has(ticks) ? 1 : 0));
  }
}
