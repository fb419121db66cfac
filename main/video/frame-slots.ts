/**
 * The least that is taken from the system at once. The C library of Linux gives back whole what is larger than 32 MiB, and only
 * that: single frames that come and go leave holes, which had doubled what the cache took.
 */
const slabBytes = 33 * 1024 * 1024;
/** Of small frames fewer bytes are taken at once. */
const mostSlots = 256;

/** Room for one decoded frame, in memory that is used again for another one. */
export interface FrameSlot {
  readonly data: Buffer;
  /** Nobody may read `data` after this. */
  readonly free: () => void;
}

interface Slab {
  readonly free: Buffer[];
  readonly slots: number;
}

/** Memory for decoded frames of any sizes. What is not touched takes no memory, and a slab without frames is let go. */
export class FrameSlots {
  readonly #slabs = new Map<number, Set<Slab>>();

  take(bytes: number): FrameSlot {
    const slabs = this.#slabs.get(bytes) ?? new Set();
    this.#slabs.set(bytes, slabs);
    const slab = [...slabs].find(({ free }) => free.length > 0) ?? newSlab(bytes);
    slabs.add(slab);
    // The one that was freed last: its memory is there already.
    const data = slab.free.pop()!;
    return {
      data,
      free: () => {
        slab.free.push(data);
        if (slab.free.length < slab.slots) return;
        slabs.delete(slab);
        if (slabs.size === 0) this.#slabs.delete(bytes);
      },
    };
  }

  /** How many slabs there are. */
  get slabs(): number {
    let count = 0;
    for (const slabs of this.#slabs.values()) count += slabs.size;
    return count;
  }
}

function newSlab(bytes: number): Slab {
  const slots = Math.min(mostSlots, Math.ceil(slabBytes / Math.max(1, bytes)));
  const memory = Buffer.allocUnsafeSlow(slots * bytes);
  // Samples of more than 8 bits are read as words; such frames have an even length, so that their slots begin at even places.
  const free = Array.from({ length: slots }, (_, slot) => memory.subarray(slot * bytes, (slot + 1) * bytes));
  return { free: free.reverse(), slots };
}
