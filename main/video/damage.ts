import type { AccountEntry } from './frame-account.ts';

/**
 * Finds the presentation times of damaged frames in an account of packets, frames and complaints.
 *
 * A frame is damaged when its own packet is, or when a frame decoded before it in the same group of pictures is: it may
 * lean on that one. Which frames do is known to the decoder alone, so all up to the next key frame count.
 */
export class DamageFinder {
  readonly #packets: { pts: number | null; isBad: boolean }[] = [];
  readonly #shown = new Set<number>();
  readonly #keys = new Set<number>();
  /** Times of the frames that came out when something was wrong. */
  readonly #wrongAt = new Set<number>();
  readonly #everyPacketIsShown: boolean;
  #everyPacketHasTime = true;
  /** Packets read since the frame before the last one: a complaint is about one of them. */
  #sinceFrame: number[] = [];
  #suspects: number[] = [];
  #latestFrame: number | null = null;

  /** @param everyPacketIsShown each packet makes a frame, so that one without is damaged */
  constructor(everyPacketIsShown: boolean) {
    this.#everyPacketIsShown = everyPacketIsShown;
  }

  add(entry: AccountEntry): void {
    if (entry.kind === 'packet') {
      const { pts, isCorrupt, isDiscarded } = entry;
      if (pts === null && !isDiscarded) this.#everyPacketHasTime = false;
      this.#sinceFrame.push(this.#packets.length);
      this.#packets.push({ pts: isDiscarded ? null : pts, isBad: isCorrupt });
    } else if (entry.kind === 'frame') {
      this.#addFrame(entry.pts, entry.isKey);
    } else {
      const first = this.#packets[this.#suspects[0] ?? 0];
      if (first) first.isBad = true;
      if (this.#latestFrame !== null) this.#wrongAt.add(this.#latestFrame);
    }
  }

  /** Times of the damaged frames. */
  times(): Set<number> {
    return this.#everyPacketHasTime ? this.#byPackets() : this.#byFrames();
  }

  #addFrame(pts: number | null, isKey: boolean): void {
    // The last frames come out when all packets have been read.
    if (this.#sinceFrame.length > 0) this.#suspects = this.#sinceFrame;
    this.#sinceFrame = [];
    this.#latestFrame = pts;
    if (pts === null) return;
    this.#shown.add(pts);
    if (isKey) this.#keys.add(pts);
    if (this.#suspects.some((packet) => this.#packets[packet]?.isBad)) this.#wrongAt.add(pts);
  }

  #byPackets(): Set<number> {
    const damaged = new Set<number>();
    let key = -Infinity;
    let isBroken = false;
    let wasBroken = false;
    let leadingBroken = false;
    for (const { pts, isBad } of this.#packets) {
      if (pts !== null && this.#keys.has(pts)) {
        key = pts;
        wasBroken = isBroken;
        isBroken = leadingBroken = false;
      }
      // Shown before the key frame though decoded after it: it leans on both groups, and nothing after the key frame on it.
      const isLeading = pts !== null && pts < key;
      if (isBad || (this.#everyPacketIsShown && pts !== null && !this.#shown.has(pts))) {
        if (isLeading) leadingBroken = true;
        else isBroken = true;
      }
      if (pts !== null && (isBroken || (isLeading && (wasBroken || leadingBroken)))) damaged.add(pts);
    }
    return damaged;
  }

  /** Where packets lack times, what is wrong is the frame that came out then or a later one. */
  #byFrames(): Set<number> {
    const damaged = new Set<number>();
    let isBroken = false;
    for (const pts of [...this.#shown].sort((a, b) => a - b)) {
      if (this.#keys.has(pts)) isBroken = false;
      if (this.#wrongAt.has(pts)) isBroken = true;
      if (isBroken) damaged.add(pts);
    }
    return damaged;
  }
}
