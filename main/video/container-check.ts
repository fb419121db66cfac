import { open, type FileHandle } from 'node:fs/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { describeFileError } from './fingerprint.ts';

/** What the first bytes of a file say it is. */
export type ContainerKind =
  'iso-media' | 'matroska' | 'avi' | 'archive' | 'encrypted-archive' | 'document' | 'unknown';

export interface ContainerCheck {
  readonly kind: ContainerKind;
  /** Bytes that the container's own sizes announce; 0 when it announces none. */
  readonly announcedBytes: number;
  readonly actualBytes: number;
  /** ISO media only: whether the table of contents (`moov`, or a fragment's `moof`) is there. */
  readonly hasContents: boolean;
  /** ISO media only: whether a track is encrypted (ISO/IEC 14496-12, 8.12). */
  readonly isEncrypted: boolean;
}

/** Sample entry types of protected tracks: common encryption and Apple FairPlay. */
export const protectedTags: ReadonlySet<string> = new Set(['encv', 'encu', 'drmi']);

/**
 * Reads the sizes that a container announces about itself, so that a copy cut short is told from a file that is no video.
 * ISO media (ISO/IEC 14496-12, 4.2: boxes of size and type), Matroska (RFC 8794: element id and size as variable-length
 * integers) and AVI (RIFF chunk size). Reads a few kilobytes, whatever the size of the file.
 */
export async function checkContainer(path: string): Promise<ContainerCheck> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw describeFileError(error);
  }
  try {
    const actualBytes = (await file.stat()).size;
    const head = await readAt(file, 0, 64);
    const plain = { announcedBytes: 0, actualBytes, hasContents: true, isEncrypted: false };
    const type = head.toString('latin1', 4, 8);
    if (['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'styp'].includes(type)) {
      return { kind: 'iso-media', actualBytes, ...(await walkBoxes(file, actualBytes)) };
    }
    if (head.length >= 4 && head.readUInt32BE(0) === 0x1a45dfa3) {
      return { ...plain, kind: 'matroska', announcedBytes: matroskaSize(head) };
    }
    if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 11) === 'AVI') {
      const size = head.readUInt32LE(4);
      return { ...plain, kind: 'avi', announcedBytes: size === 0 ? 0 : size + 8 };
    }
    if (head.length >= 8 && head.readUInt32BE(0) === 0x504b0304) {
      // Bit 0 of the general purpose flag: the entry is encrypted.
      return { ...plain, kind: (head.readUInt16LE(6) & 1) === 1 ? 'encrypted-archive' : 'archive' };
    }
    const magic = head.toString('latin1', 0, 6);
    if (magic === '7z\xbc\xaf\x27\x1c' || magic.startsWith('Rar!') || magic.startsWith('\x1f\x8b')) {
      return { ...plain, kind: 'archive' };
    }
    if (magic.startsWith('%PDF') || magic.startsWith('\x89PNG') || magic.startsWith('\xd0\xcf\x11\xe0')) {
      return { ...plain, kind: 'document' };
    }
    return { ...plain, kind: 'unknown' };
  } finally {
    await file.close();
  }
}

/** Throws `video-truncated` when the file is shorter than it says, `video-protected` for a locked archive. */
export function refuseBrokenContainer(check: ContainerCheck): void {
  if (check.kind === 'encrypted-archive') {
    throw new WorkstationError(
      'video-protected',
      'This is an archive locked with a password, not a video.',
      'Unpack it with its password first, then open the video inside.',
    );
  }
  if (check.kind === 'archive' || check.kind === 'document') {
    throw new WorkstationError(
      'video-not-a-video',
      check.kind === 'archive'
        ? 'This is an archive, not a video.'
        : 'This is a document or an image, not a video.',
      check.kind === 'archive' ? 'Unpack it first, then open the video inside.' : 'Choose a video file.',
    );
  }
  if (!check.hasContents) throw truncated('its table of contents is missing');
  if (check.announcedBytes > check.actualBytes) {
    const share = Math.floor((100 * check.actualBytes) / check.announcedBytes);
    throw truncated(`only ${share} % of it is there`);
  }
}

export function truncated(reason: string): WorkstationError {
  return new WorkstationError(
    'video-truncated',
    `The video file is cut short: ${reason}.`,
    'Copy it again from the recorder or the disk it came from, and let the copy finish.',
  );
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function walkBoxes(
  file: FileHandle,
  actualBytes: number,
): Promise<Pick<ContainerCheck, 'announcedBytes' | 'hasContents' | 'isEncrypted'>> {
  let isEncrypted = false;
  let position = 0;
  let announcedBytes = 0;
  let hasContents = false;
  // A fragmented file has thousands of boxes; its first fragment settles the question of contents.
  for (let boxes = 0; position < actualBytes && boxes < 4096; boxes++) {
    const head = await readAt(file, position, 16);
    if (head.length < 8) break;
    const type = head.toString('latin1', 4, 8);
    // After the last box some recorders pad with zeros: no announcement.
    if (!/^[\w \xa9-]{4}$/.test(type)) break;
    let size = head.readUInt32BE(0);
    if (size === 1 && head.length === 16) size = Number(head.readBigUInt64BE(8));
    if (size === 0) size = actualBytes - position;
    if (size < 8) break;
    if (type === 'moov' || type === 'moof') hasContents = true;
    if (type === 'moov') isEncrypted = await hasProtectedTrack(file, position + 8, position + size);
    position += size;
    announcedBytes = position;
  }
  return { announcedBytes, hasContents, isEncrypted };
}

/** Boxes on the way from `moov` to the sample descriptions. */
const trackBoxes = new Set(['trak', 'mdia', 'minf', 'stbl']);

async function hasProtectedTrack(file: FileHandle, start: number, end: number): Promise<boolean> {
  for (let position = start; position + 8 <= end;) {
    const head = await readAt(file, position, 24);
    if (head.length < 8) return false;
    const size = head.readUInt32BE(0);
    if (size < 8) return false;
    const type = head.toString('latin1', 4, 8);
    // `stsd`: version and flags, number of entries, then the size and the type of the first.
    if (type === 'stsd' && protectedTags.has(head.toString('latin1', 20, 24))) return true;
    if (trackBoxes.has(type) && (await hasProtectedTrack(file, position + 8, position + size))) return true;
    position += size;
  }
  return false;
}

/** End of the Matroska segment, or 0 where its size is unknown (live recordings). */
function matroskaSize(head: Buffer): number {
  const header = variableInteger(head, 4);
  if (!header) return 0;
  const segment = 4 + header.length + header.value;
  if (segment + 4 > head.length || head.readUInt32BE(segment) !== 0x18538067) return 0;
  const size = variableInteger(head, segment + 4);
  if (!size || size.unknown) return 0;
  return segment + 4 + size.length + size.value;
}

function variableInteger(
  bytes: Buffer,
  position: number,
): { value: number; length: number; unknown: boolean } | null {
  const first = bytes[position];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  if (position + length > bytes.length) return null;
  let value = first & ((1 << (8 - length)) - 1);
  let unknown = value === (1 << (8 - length)) - 1;
  for (let index = 1; index < length; index++) {
    const byte = bytes[position + index] as number;
    value = value * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { value, length, unknown };
}
