import type { DecodeLogEntry } from './decode-log.ts';

interface SeenPacket {
  readonly pts: number | null;
  readonly position: number | null;
  readonly isDiscarded: boolean;
  isBad: boolean;
}

interface CachedFrame {
  readonly pts: number | null;
  readonly position: number | null;
  readonly isKey: boolean;
}

/**
 * Finds the damaged frames in a log of packets, frames and complaints.
 *
 * A frame is damaged when its own packet is, or when a frame decoded before it in the same group of pictures is: it may
 * lean on that one. Which frames do is known to the decoder alone, so all up to the next key frame count. Packets come in
 * the order of decoding and frames in the order of showing; which belongs to which is told by the packet's place in the
 * file, else by its time, else by their order.
 */
export class DamageFinder {
  readonly #packets: SeenPacket[] = [];
  readonly #frames: CachedFrame[] = [];
  readonly #everyPacketIsShown: boolean;
  /** The packets that were read since the frame before the last one. A complaint is about one of them. */
  #sinceFrame: number[] = [];
  #suspects: number[] = [];

  /** @param everyPacketIsShown whether each packet makes a frame, so that a packet without a frame is damaged */
  constructor(everyPacketIsShown: boolean) {
    this.#everyPacketIsShown = everyPacketIsShown;
  }

  add(entry: DecodeLogEntry): void {
    if (entry.kind === 'packet') {
      const { pts, position, isCorrupt, isDiscarded } = entry;
      this.#sinceFrame.push(this.#packets.length);
      this.#packets.push({ pts, position, isDiscarded, isBad: isCorrupt });
    } else if (entry.kind === 'frame') {
      // The decoder hands out its last frames once all packets are read.
      if (this.#sinceFrame.length > 0) this.#suspects = this.#sinceFrame;
      this.#sinceFrame = [];
      this.#frames.push(entry);
    } else {
      const suspects = this.#suspects.length > 0 ? this.#suspects : [0];
      for (const packet of suspects) if (this.#packets[packet]) this.#packets[packet].isBad = true;
    }
  }

  /** The numbers of the damaged frames, in the order in which they were decoded. */
  numbers(): Set<number> {
    return this.#look().numbers;
  }

  /** The times of the damaged frames, including those that were never handed out. */
  times(): Set<number> {
    const { numbers, missing } = this.#look();
    for (const number of numbers) {
      const pts = this.#frames[number]?.pts ?? null;
      if (pts !== null) missing.add(pts);
    }
    return missing;
  }

  #look(): { numbers: Set<number>; missing: Set<number> } {
    const frameOf = this.#link();
    const numbers = new Set<number>();
    const missing = new Set<number>();
    let key: { number: number; pts: number | null } = { number: -1, pts: null };
    let isBroken = false;
    let wasBroken = false;
    let leadingBroken = false;
    for (const [place, packet] of this.#packets.entries()) {
      const number = frameOf.get(place);
      const pts = packet.isDiscarded ? null : packet.pts;
      const frame = number === undefined ? undefined : this.#frames[number];
      if (number !== undefined && frame?.isKey) {
        key = { number, pts: frame.pts };
        wasBroken = isBroken;
        isBroken = leadingBroken = false;
      }
      // This frame is shown before the key frame but decoded after it. It depends on both groups, and nothing after the key
      // frame depends on it.
      const isLeading =
        number === undefined ? pts !== null && key.pts !== null && pts < key.pts : number < key.number;
      const isMissing = this.#everyPacketIsShown && number === undefined && pts !== null;
      if (packet.isBad || isMissing) {
        if (isLeading) leadingBroken = true;
        else isBroken = true;
      }
      if (!isBroken && !(isLeading && (wasBroken || leadingBroken))) continue;
      if (number !== undefined) numbers.add(number);
      else if (pts !== null) missing.add(pts);
    }
    this.#addFollowing(new Set(frameOf.values()), numbers);
    return { numbers, missing };
  }

  /**
   * A frame whose packet is unknown is judged like the frame before it. If damage has upset the order of the frames, a
   * whole picture may also appear at another one's time. Both end at the next key frame.
   */
  #addFollowing(linked: ReadonlySet<number>, numbers: Set<number>): void {
    let isUpset = false;
    for (const [number, { isKey, pts }] of this.#frames.entries()) {
      const before = this.#frames[number - 1]?.pts ?? null;
      const follows = numbers.has(number - 1);
      if (isKey) isUpset = false;
      else if (follows && pts !== null && before !== null && pts <= before) isUpset = true;
      if (!isKey && (isUpset || (follows && !linked.has(number)))) numbers.add(number);
    }
  }

  /** The number of the frame that each packet made, by the packet's place in the order of decoding. */
  #link(): Map<number, number> {
    const frameOf = new Map<number, number>();
    const linked = new Set<number>();
    const linkBy = (name: 'position' | 'pts') => {
      const packets = uniquePlaces(this.#packets, name);
      for (const [number, frame] of this.#frames.entries()) {
        const packet = linked.has(number) ? undefined : packets.get(frame[name] ?? NaN);
        if (packet === undefined || frameOf.has(packet)) continue;
        frameOf.set(packet, number);
        linked.add(number);
      }
    };
    linkBy('position');
    linkBy('pts');
    const packets = [...this.#packets.keys()].filter(
      (place) => !frameOf.has(place) && !this.#packets[place]?.isDiscarded,
    );
    const frames = [...this.#frames.keys()].filter((number) => !linked.has(number));
    if (packets.length === frames.length) {
      for (const [order, number] of frames.entries()) frameOf.set(packets[order] as number, number);
    }
    return frameOf;
  }
}

/** The position of each value that occurs once. */
function uniquePlaces(packets: readonly SeenPacket[], name: 'position' | 'pts'): Map<number, number> {
  const places = new Map<number, number>();
  const repeated = new Set<number>();
  for (const [place, packet] of packets.entries()) {
    const value = packet[name];
    if (value === null) continue;
    if (places.has(value)) repeated.add(value);
    places.set(value, place);
  }
  for (const value of repeated) places.delete(value);
  return places;
}
