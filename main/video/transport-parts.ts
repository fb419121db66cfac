import { throwIfAborted } from '../../preload/contract/errors.ts';
import { openRegularFile, readAt } from './regular-file.ts';
import {
  findPackets,
  packetBytes,
  pidAt,
  readPacket,
  telling,
  TransportTables,
  type ListedStream,
} from './transport-tables.ts';

/** Where the picture of a recording lies in one stream of a file. */
export interface TransportPart {
  /** First byte, and the byte behind the last. Parts may overlap where the streams do. */
  readonly start: number;
  readonly end: number;
  readonly pid: number;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Follows the picture stream `pid` through a transport stream: where its tables no longer list it, or list it as something
 * else, and list another picture instead, the recording goes on in that one. Another stream that begins while this one is
 * still listed is another picture, not its continuation.
 *
 * Reads all of the file, and of most packets four bytes.
 *
 * @returns the parts in order; a single one, or none, where the picture stays in its stream
 */
export async function findTransportParts(
  path: string,
  within: { readonly start: number; readonly end: number },
  pid: number,
  signal?: AbortSignal,
): Promise<TransportPart[]> {
  const file = await openRegularFile(path);
  try {
    const end = Math.min(within.end, (await file.stat()).size);
    const follower = new PictureFollower(pid, within.start, end);
    let position = within.start;
    let length: number | null = null;
    while (position < end) {
      throwIfAborted(signal);
      const bytes = await readAt(file, position, Math.min(chunkBytes, end - position));
      let at = 0;
      while (at + packetBytes <= bytes.length) {
        if (length !== null && pidAt(bytes, at) !== null) {
          follower.add(bytes, at, position + at);
          at += length;
          continue;
        }
        const found = findPackets(bytes, at);
        if (!found) {
          at = Math.max(at + 1, bytes.length - telling);
          break;
        }
        at = found.start;
        length = found.length;
      }
      position += at;
      if (bytes.length < chunkBytes) break;
    }
    return follower.parts;
  } finally {
    await file.close();
  }
}

class PictureFollower {
  readonly #tables = new TransportTables();
  readonly #parts: TransportPart[];
  readonly #end: number;
  #latestAssociation: number;
  #followed: { pid: number; type: number | null };
  /** The place of the followed picture among all that are listed. */
  #place = 0;
  /** The stream before, of which packets may still come for a moment. */
  #left: number | null = null;

  constructor(pid: number, start: number, end: number) {
    this.#parts = [{ start, end, pid }];
    this.#end = end;
    this.#latestAssociation = start;
    this.#followed = { pid, type: null };
  }

  get parts(): TransportPart[] {
    return this.#parts;
  }

  /** @param place of the packet in the file, which lies at `at` in `bytes` */
  add(bytes: Buffer, at: number, place: number): void {
    const pid = pidAt(bytes, at) as number;
    if (pid === this.#left) this.#endPart(this.#parts.length - 2, place + packetBytes);
    if (!this.#tables.isTable(pid)) return;
    if (pid === 0) this.#latestAssociation = place;
    if (this.#tables.add(readPacket(bytes, at))) this.#look(place);
  }

  #look(at: number): void {
    const pictures = this.#tables.pictures();
    const { pid, type } = this.#followed;
    const place = pictures.findIndex((listed) => listed.pid === pid && (type ?? listed.type) === listed.type);
    if (place >= 0) {
      this.#place = place;
      this.#followed = pictures[place] as ListedStream;
      return;
    }
    const next = pictures[Math.min(this.#place, pictures.length - 1)];
    // Before the stream itself was listed there is nothing to follow it from.
    if (!next || type === null) return;
    this.#endPart(this.#parts.length - 1, at);
    this.#left = pictures.some((listed) => listed.pid === pid) ? null : pid;
    this.#parts.push({ start: Math.min(this.#latestAssociation, at), end: this.#end, pid: next.pid });
    this.#followed = next;
    this.#place = pictures.indexOf(next);
  }

  #endPart(place: number, end: number): void {
    this.#parts[place] = { ...(this.#parts[place] as TransportPart), end };
  }
}
