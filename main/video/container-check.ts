import { WorkstationError } from '../../preload/contract/errors.ts';
import { findDicomVideo } from './dicom.ts';
import { firstBytesLooked, readFirstBytes, type FirstBytes } from './first-bytes.ts';
import { readIsoMedia, type IsoMedia } from './iso-media.ts';
import { bytesIn, joined, type Piece } from './pieces.ts';
import { openRegularFile, readAt } from './regular-file.ts';

export interface ContainerCheck {
  readonly first: FirstBytes;
  /** The parts of the file that hold the video, in order; null if all of the file does. */
  readonly pieces: readonly Piece[] | null;
  /** Frames per second, if something outside the stream states it. */
  readonly frameRate: string | null;
  /** How many bytes the container's own sizes announce; 0 if it announces none. */
  readonly announcedBytes: number;
  readonly actualBytes: number;
  /** Whether anything other than sizes shows that the end is missing. */
  readonly lacksEnd: boolean;
  /** How many bytes of the file count. `actualBytes` counts those of the video in it. */
  readonly fileBytes: number;
  /** What the boxes say; null for anything but ISO media. */
  readonly isoMedia: IsoMedia | null;
}

/**
 * Reads what a file's first bytes say that it is, and the sizes that a container announces about itself, so that a copy cut
 * short is told from a file that is no video. ISO media (see there), Matroska (RFC 8794: element id and size as
 * variable-length integers) and AVI (RIFF chunk size). Reads a few kilobytes, whatever the size of the file. In a DICOM
 * object it is the video inside that is looked at.
 *
 * @param length bytes of the file that count, of one that grows
 */
export async function checkContainer(path: string, length = Infinity): Promise<ContainerCheck> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const fileBytes = Math.min(size, length);
    const outside = readFirstBytes(await readAt(file, 0, Math.min(firstBytesLooked, fileBytes)));
    const inside = outside.kind === 'dicom' ? await findDicomVideo(file, fileBytes) : null;
    if (inside && inside.pieces.length > 1) refusePartingName(path);
    const pieces = inside?.pieces ?? (length === Infinity ? null : [{ start: 0, end: fileBytes }]);
    const actualBytes = pieces ? bytesIn(pieces) : fileBytes;
    const bytes = joined(file, pieces);
    const head = await readAt(bytes, 0, Math.min(firstBytesLooked, actualBytes));
    const found = readFirstBytes(head);
    // The object decides what it holds, even if the beginning inside looks like a picture or like nothing known.
    const first =
      found.demuxer === null && inside
        ? { ...found, kind: 'unknown' as const, demuxer: inside.demuxer }
        : found;
    const isoMedia = first.kind === 'iso-media' ? await readIsoMedia(bytes, actualBytes) : null;
    const announcedBytes = isoMedia?.announcedBytes ?? announced(first, head);
    return {
      first,
      pieces,
      frameRate: inside?.frameRate ?? null,
      announcedBytes,
      lacksEnd: (inside?.isCut ?? false) || (isoMedia?.lacksFragments ?? false),
      actualBytes,
      fileBytes,
      isoMedia,
    };
  } finally {
    await file.close();
  }
}

/** This character separates the pieces in the list that ffmpeg gets, so a name must not contain it. */
export function refusePartingName(path: string): void {
  if (!path.includes('|')) return;
  throw new WorkstationError(
    'file-unreadable',
    'The video in this file has to be read in several pieces, which can’t be joined while a name on the way to it has the sign |.',
    'Rename the file or its folder without that sign, then open it again.',
  );
}

function announced({ kind }: FirstBytes, head: Buffer): number {
  if (kind === 'matroska') return matroskaSize(head);
  if (kind !== 'avi' || head.length < 8) return 0;
  const size = head.readUInt32LE(4);
  return size === 0 ? 0 : size + 8;
}

/**
 * Throws `video-truncated` if there is no table of contents, and `video-not-a-video` if the pictures are in other files.
 */
export function refuseBrokenContainer({ isoMedia }: ContainerCheck): void {
  if (isoMedia?.refersElsewhere) {
    throw new WorkstationError(
      'video-not-a-video',
      'This movie only refers to other files, and those are never opened.',
      'Export it as a self-contained movie from the program that made it, or choose the file with the recording itself.',
    );
  }
  if (isoMedia && !isoMedia.hasContents) throw truncated('its table of contents is missing');
}

/** Whether the end of the file is missing, according to the file itself. */
export const isCut = ({ announcedBytes, actualBytes, lacksEnd }: ContainerCheck): boolean =>
  announcedBytes > actualBytes || lacksEnd;

/** Whether the file states that nothing can follow what is there. */
export const isFinished = (check: ContainerCheck): boolean =>
  check.announcedBytes > 0 && !isCut(check) && check.isoMedia?.isFragmented !== true;

export function truncated(reason: string): WorkstationError {
  return new WorkstationError(
    'video-truncated',
    `The video file is cut short: ${reason}.`,
    'Copy it again from the recorder or the disk it came from, and let the copy finish.',
  );
}

/** The end of the Matroska segment; 0 if its size is unknown, as in live recordings. */
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
