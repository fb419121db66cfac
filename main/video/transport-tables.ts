/** Tables of an MPEG transport stream (ISO/IEC 13818-1, 2.4.4): which programmes there are, and of which streams. */

/** One stream of a programme, as its map lists it. */
export interface ListedStream {
  readonly pid: number;
  /** ISO/IEC 13818-1, table 2-34. */
  readonly type: number;
  readonly isPicture: boolean;
}

export const packetBytes = 188;
const syncByte = 0x47;
const associationPid = 0;
const associationTable = 0x00;
const mapTable = 0x02;

/** Stream types of MPEG-1, MPEG-2, MPEG-4, H.264, HEVC, VVC, AVS, Dirac and VC-1. */
const pictureTypes = new Set([0x01, 0x02, 0x10, 0x1b, 0x24, 0x33, 0x42, 0xd1, 0xd4, 0xea]);
const privateData = 0x06;
const registration = 0x05;
/** What private data may be registered as. */
const pictureFormats = new Set(['HEVC', 'AV01', 'VC-1', 'drac', 'VVC ']);

/** Packets may have 4 bytes before each (discs, cameras), or 16 behind it (broadcasts). */
const lengths = [188, 192, 204];
const packetsToBeSure = 5;
/** As many bytes tell for certain whether packets are there. */
export const telling = packetsToBeSure * 204;

/** Whether packets of `length` bytes lie at `at`, as far as so many bytes tell. */
export function arePackets(bytes: Buffer, at: number, length: number): boolean {
  for (let packet = 0; packet < packetsToBeSure; packet++) {
    if (bytes[at + packet * length] !== syncByte) return false;
  }
  return true;
}

/** The first place from `from` on where packets lie one behind the other. */
export function findPackets(bytes: Buffer, from: number): { start: number; length: number } | null {
  for (let start = bytes.indexOf(syncByte, from); start >= 0; start = bytes.indexOf(syncByte, start + 1)) {
    const length = lengths.find((each) => arePackets(bytes, start, each));
    if (length !== undefined) return { start, length };
  }
  return null;
}

/** The PID of the packet at `at`; null where none is. */
export function pidAt(bytes: Buffer, at: number): number | null {
  if (bytes[at] !== syncByte) return null;
  return (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);
}

export interface Packet {
  readonly pid: number;
  readonly beginsUnit: boolean;
  /** Null where it carries none, or arrived damaged. */
  readonly payload: Buffer | null;
}

/** Reads the packet whose 188 bytes lie at `at`. */
export function readPacket(bytes: Buffer, at: number): Packet {
  const [high, control] = [bytes[at + 1], bytes[at + 3]] as [number, number];
  const isDamaged = (high & 0x80) !== 0;
  const skipped = (control & 0x20) === 0 ? 0 : 1 + (bytes[at + 4] as number);
  const hasPayload = !isDamaged && (control & 0x10) !== 0 && skipped < packetBytes - 4;
  return {
    pid: pidAt(bytes, at) as number,
    beginsUnit: (high & 0x40) !== 0,
    payload: hasPayload ? bytes.subarray(at + 4 + skipped, at + packetBytes) : null,
  };
}

/** Follows the tables through a stream, packet by packet. */
export class TransportTables {
  /** Programme numbers and the PID of each one's map. */
  #programmes = new Map<number, number>();
  readonly #maps = new Map<number, readonly ListedStream[]>();
  readonly #sections = new Map<number, SectionReader>();
  #mapPids = new Set<number>();

  /** Whether packets of this PID carry tables. */
  isTable(pid: number): boolean {
    return pid === associationPid || this.#mapPids.has(pid);
  }

  /** The picture streams that the tables list now, by programme. */
  pictures(): ListedStream[] {
    return [...this.#programmes.keys()].flatMap((programme) =>
      (this.#maps.get(programme) ?? []).filter(({ isPicture }) => isPicture),
    );
  }

  /** @returns whether the packet completed a table that says something new */
  add({ pid, beginsUnit, payload }: Packet): boolean {
    if (!payload) return false;
    let reader = this.#sections.get(pid);
    if (!reader) this.#sections.set(pid, (reader = new SectionReader()));
    let isNew = false;
    for (const section of reader.add(payload, beginsUnit)) {
      isNew = (pid === associationPid ? this.#associate(section) : this.#map(section)) || isNew;
    }
    return isNew;
  }

  #associate(section: Buffer): boolean {
    if (section[0] !== associationTable) return false;
    const programmes = new Map<number, number>();
    for (let at = 8; at + 4 <= section.length - 4; at += 4) {
      const programme = section.readUInt16BE(at);
      // Programme 0 stands for the network's own table.
      if (programme !== 0) programmes.set(programme, section.readUInt16BE(at + 2) & 0x1fff);
    }
    // A table of several sections is that of a broadcast with many programmes, of which each section adds its own.
    const isWhole = section[7] === 0;
    const before = this.#programmes;
    this.#programmes = isWhole ? programmes : new Map([...before, ...programmes]);
    this.#mapPids = new Set(this.#programmes.values());
    for (const programme of this.#maps.keys()) {
      if (!this.#programmes.has(programme)) this.#maps.delete(programme);
    }
    return (
      before.size !== this.#programmes.size ||
      [...this.#programmes].some(([programme, pid]) => before.get(programme) !== pid)
    );
  }

  #map(section: Buffer): boolean {
    if (section[0] !== mapTable || section.length < 16) return false;
    const programme = section.readUInt16BE(3);
    if (!this.#programmes.has(programme)) return false;
    const streams: ListedStream[] = [];
    for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at + 5 <= section.length - 4;) {
      const end = at + 5 + (section.readUInt16BE(at + 3) & 0xfff);
      const type = section[at] as number;
      const pid = section.readUInt16BE(at + 1) & 0x1fff;
      const descriptors = section.subarray(at + 5, Math.min(end, section.length - 4));
      const isPicture = pictureTypes.has(type) || (type === privateData && isPictureFormat(descriptors));
      streams.push({ pid, type, isPicture });
      at = end;
    }
    const before = this.#maps.get(programme);
    this.#maps.set(programme, streams);
    return (
      before?.length !== streams.length ||
      streams.some(({ pid, type }, place) => before[place]?.pid !== pid || before[place].type !== type)
    );
  }
}

function isPictureFormat(descriptors: Buffer): boolean {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] as number)) {
    if (descriptors[at] === registration) {
      return pictureFormats.has(descriptors.toString('latin1', at + 2, at + 6));
    }
  }
  return false;
}

/** Puts the sections of one PID together, and gives back those that are whole, valid now, and right by their checksum. */
class SectionReader {
  #held: Buffer | null = null;

  *add(payload: Buffer, beginsUnit: boolean): Generator<Buffer> {
    if (beginsUnit) {
      const pointer = 1 + (payload[0] ?? 0);
      if (this.#held) {
        this.#held = Buffer.concat([this.#held, payload.subarray(1, pointer)]);
        yield* this.#whole();
      }
      this.#held = Buffer.from(payload.subarray(pointer));
    } else if (this.#held) {
      this.#held = Buffer.concat([this.#held, payload]);
    }
    yield* this.#whole();
  }

  *#whole(): Generator<Buffer> {
    while (this.#held && this.#held.length >= 3 && this.#held[0] !== 0xff) {
      const length = 3 + (this.#held.readUInt16BE(1) & 0xfff);
      if (this.#held.length < length) return;
      const section = this.#held.subarray(0, length);
      this.#held = this.#held.subarray(length);
      // A table that is announced for later is left for when it holds.
      const holdsNow = length >= 12 && ((section[5] as number) & 1) === 1;
      if (holdsNow && checksum(section) === 0) yield section;
    }
    this.#held = null;
  }
}

/** CRC-32 of MPEG-2 (ISO/IEC 13818-1, annex A): 0 over a whole section with its own. */
export function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
