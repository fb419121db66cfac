import { WorkstationError } from '../../preload/contract/errors.ts';
import { refusePartingName } from './container-check.ts';
import type { ToolVersion } from './ffmpeg-version.ts';
import type { MediaTools } from './ffmpeg.ts';
import type { IsoMedia } from './iso-media.ts';
import { part, type Piece } from './pieces.ts';

/**
 * A fragment states when its frames are shown (`tfdt`), and an index of fragments (`sidx`, ISO/IEC 14496-12, 8.16.3) may
 * state it once more. ffmpeg before 5.0 goes by the index, and takes its times for those of the track's clock, which they need not
 * be: fragments then begin at wrong times, and of frames that fall together all but one are lost. Newer ones go by the
 * fragments, which is what is done with the older ones, too, by hiding the index. A movie whose index lists further indexes no version opens.
 */
const goesByFragmentIndex = ({ codecs: [major] }: ToolVersion): boolean => major < 59;

/** Each takes two more pieces, and a command line has an end. Recorders write one, or one for each fragment. */
const mostHidden = 32;

/**
 * The parts of a file that the tools are given, so that they go by the times of its fragments. All bytes keep their places:
 * the type of an index gives way to four bytes of its own that name no box, and an unknown box is passed over. What has more
 * indexes than can be hidden is given as it is if they all count in the clocks of their tracks.
 *
 * Throws `ffmpeg-outdated` where they do not, and `file-unreadable` where the name of the file keeps it from being read in parts.
 */
export function piecesFor(
  tools: Pick<MediaTools, 'ffmpeg' | 'ffprobe'>,
  path: string,
  { pieces, actualBytes, isoMedia }: Pieces,
): readonly Piece[] | null {
  const indexes = isoMedia?.fragmentIndexes ?? [];
  const isOld = goesByFragmentIndex(tools.ffmpeg.details) || goesByFragmentIndex(tools.ffprobe.details);
  const isHidden = isOld || indexes.some(({ listsIndexes }) => listsIndexes);
  if (!isHidden || indexes.length === 0) return pieces;
  if (indexes.length > mostHidden || indexes.some(({ spare }) => spare === null)) {
    if (!isOld || indexes.every(({ countsInTrackClock }) => countsInTrackClock)) return pieces;
    throw new WorkstationError(
      'ffmpeg-outdated',
      'This recording has an index of its fragments that ffmpeg before 5.0 reads wrongly: frames would be lost, and others shown in their place.',
      "Install a newer ffmpeg (with your system's package manager) or name one by FFMPEG_BIN, then open the recording again.",
    );
  }
  const whole = pieces ?? [{ start: 0, end: actualBytes }];
  const shown: Piece[] = [];
  let next = 0;
  for (const { typeAt, spare } of indexes) {
    shown.push(...part(whole, next, typeAt), ...part(whole, spare as number, (spare as number) + 4));
    next = typeAt + 4;
  }
  shown.push(...part(whole, next, actualBytes));
  refusePartingName(path);
  return shown;
}

interface Pieces {
  readonly pieces: readonly Piece[] | null;
  readonly actualBytes: number;
  readonly isoMedia: Pick<IsoMedia, 'fragmentIndexes'> | null;
}
