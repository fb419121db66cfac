import { WorkstationError } from '../../preload/contract/errors.ts';
import { firstBytesLooked, readFirstBytes, type FirstBytes } from './first-bytes.ts';
import { readIsoMedia, type IsoMedia } from './iso-boxes.ts';
import { openRegularFile, readAt } from './regular-file.ts';

export interface ContainerCheck {
  readonly first: FirstBytes;
  /** Bytes that the container's own sizes announce; 0 when it announces none. */
  readonly announcedBytes: number;
  readonly actualBytes: number;
  /** Null for anything but ISO media. */
  readonly isoMedia: IsoMedia | null;
}

/**
 * Reads what a file's first bytes say that it is, and the sizes that a container announces about itself, so that a copy cut
 * short is told from a file that is no video. ISO media (see there), Matroska (RFC 8794: element id and size as
 * variable-length integers) and AVI (RIFF chunk size). Reads a few kilobytes, whatever the size of the file.
 */
export async function checkContainer(path: string): Promise<ContainerCheck> {
  const file = await openRegularFile(path);
  try {
    const actualBytes = (await file.stat()).size;
    const head = await readAt(file, 0, firstBytesLooked);
    const first = readFirstBytes(head);
    const isoMedia = first.kind === 'iso-media' ? await readIsoMedia(file, actualBytes) : null;
    const announcedBytes = isoMedia?.announcedBytes ?? announced(first, head);
    return { first, announcedBytes, actualBytes, isoMedia };
  } finally {
    await file.close();
  }
}

function announced({ kind }: FirstBytes, head: Buffer): number {
  if (kind === 'matroska') return matroskaSize(head);
  if (kind !== 'avi' || head.length < 8) return 0;
  const size = head.readUInt32LE(4);
  return size === 0 ? 0 : size + 8;
}

/** Throws `video-truncated` when the file is shorter than it says, `video-not-a-video` when its pictures lie elsewhere. */
export function refuseBrokenContainer({ isoMedia, announcedBytes, actualBytes }: ContainerCheck): void {
  if (isoMedia?.refersElsewhere) {
    throw new WorkstationError(
      'video-not-a-video',
      'This movie only refers to other files, and those are never opened.',
      'Export it as a self-contained movie from the program that made it, or choose the file with the recording itself.',
    );
  }
  if (isoMedia && !isoMedia.hasContents) throw truncated('its table of contents is missing');
  if (announcedBytes > actualBytes) {
    const share = Math.floor((100 * actualBytes) / announcedBytes);
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
