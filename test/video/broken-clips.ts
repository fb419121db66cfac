import { readFileSync, writeFileSync } from 'node:fs';
import { findMediaTools } from '../../main/video/ffmpeg.ts';
import { readProcess } from '../../main/video/process.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';

/** Ways in which recordings are broken, made from whole ones. */

/** Pseudo-random whole numbers below 2^32, the same for the same seed. */
export function randomWholeNumbers(seed: number): () => number {
  const random = randomNumbers(seed);
  return () => random() * 2 ** 32;
}

/**
 * Makes an MP4's table of key frames name others: without the table every frame counts as one; `moved` shifts all but the
 * first by so many frames.
 */
export function flagFalseKeys(from: string, to: string, how: 'every frame' | { moved: number }): void {
  const bytes = readFileSync(from);
  const at = bytes.indexOf('stss');
  if (at < 0) throw new Error('The clip has no table of key frames');
  if (how === 'every frame') bytes.write('free', at, 'latin1');
  else {
    const count = bytes.readUInt32BE(at + 8);
    for (let entry = 1; entry < count; entry++) {
      const place = at + 12 + 4 * entry;
      bytes.writeUInt32BE(bytes.readUInt32BE(place) + how.moved, place);
    }
  }
  writeFileSync(to, bytes);
}

interface PacketPlace {
  readonly pts: number;
  readonly position: number;
  readonly size: number;
}

/** Where a clip's coded pictures lie, in the order in which they are stored. */
async function packetsOf(path: string): Promise<PacketPlace[]> {
  const { ffprobe } = await findMediaTools();
  const { output } = await readProcess(ffprobe.path, [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=pts,size,pos'],
    ...['-of', 'csv=p=0', path],
  ]);
  return output
    .trim()
    .split(/\s+/)
    .map((line) => {
      const [pts, size, position] = line.split(',').map(Number);
      return { pts: pts as number, size: size as number, position: position as number };
    });
}

/** Fills one coded picture of a clip with noise (its first third stays) or zeros (its length stays). */
export async function damagePicture(
  from: string,
  to: string,
  picture: number,
  how: 'noise' | 'zeros',
): Promise<void> {
  const bytes = readFileSync(from);
  const { position, size } = (await packetsOf(from))[picture] as PacketPlace;
  const random = randomWholeNumbers(3);
  if (how === 'zeros') bytes.fill(0, position + 4, position + size);
  else {
    const end = position + size - 4;
    for (let at = position + Math.floor(size / 3); at < end; at++) bytes[at] = random() & 255;
  }
  writeFileSync(to, bytes);
}

const tsPacket = 188;

/** Takes `count` packets out of a transport stream at `share` of its length, as a bad line does. */
export function losePackets(from: string, to: string, share: number, count: number): void {
  const bytes = readFileSync(from);
  const at = Math.floor((bytes.length / tsPacket) * share) * tsPacket;
  writeFileSync(to, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count * tsPacket)]));
}

/** Fills the payload of three video packets of a transport stream with noise; their headers stay. */
export function addBitErrors(from: string, to: string, share: number): void {
  const bytes = readFileSync(from);
  const random = randomWholeNumbers(5);
  let packet = Math.floor((bytes.length / tsPacket) * share);
  for (let changed = 0; changed < 3; packet++) {
    const start = packet * tsPacket;
    const [, high = 0, low = 0, control = 0] = bytes.subarray(start, start + 4);
    const isPlainVideo =
      ((high & 31) << 8) + low === 0x100 && (high & 0x40) === 0 && ((control >> 4) & 3) === 1;
    if (!isPlainVideo) continue;
    for (let at = start + 60; at < start + tsPacket; at++) bytes[at] = random() & 255;
    changed++;
  }
  writeFileSync(to, bytes);
}
