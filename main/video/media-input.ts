import { resolve } from 'node:path';
import { largestPicture } from '../../preload/contract/picture-limit.ts';
import type { Piece } from './pieces.ts';

/** What a media tool may open: one file on this machine, and in which format. */
export interface MediaInput {
  readonly path: string;
  /** The demuxer that reads the file; null while that is still to be found out among `plainContainers`. */
  readonly demuxer: string | null;
  /** The parts of the file that are read, in order; null for all of it. */
  readonly pieces?: readonly Piece[] | null | undefined;
  /** Frames per second of a bare stream, if something outside the stream states them. */
  readonly frameRate?: string | null | undefined;
}

/**
 * Demuxers that read one file from its beginning to its end, by ffmpeg's names. Whatever can name a second file or an
 * address (playlists, manifests, lists, session descriptions, image sequences, scripts) or is no file at all (devices,
 * filters) is not among them, and so cannot be chosen, whatever a file says it is.
 */
const plainContainers = (
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,av1,ivf,vc1,mjpeg,asf,asf_o,' +
  'flv,mxf,gxf,dv,ogg,yuv4mpegpipe,nut,rm,wtv,h261,h263,gif,nsv,dirac,cavsvideo,mp3,wav,w64,aac,ac3,flac,aiff'
).split(',');

/** Demuxers of the MP4 family follow references to other files where they are let; by default they are not, and here it is said. */
const isoMedia = new Set(['mov', 'mp4']);

/** Formats of streams without a container, which therefore have no times. */
const bareStreams = new Set(['mjpeg', 'mpegvideo', 'h264', 'hevc', 'm4v', 'vc1']);

/** Demuxers that know how long a packet must be, and mark one that is shorter. */
const sizedPackets = new Set(['mov', 'mp4', 'avi']);

/**
 * The arguments by which every ffprobe and ffmpeg is given its file; no other place in the workstation names an input.
 *
 * The list of protocols alone does not hold: the DASH demuxer ignores it. Together with the list of demuxers nothing but
 * the file can be opened. The demuxer is named, too, where it is known, so that neither the file's name nor another
 * version of ffmpeg decides anew what it is. No picture larger than the limit is decoded, also where the size changes on
 * the way.
 */
export function inputOf({ path, demuxer, pieces, frameRate }: MediaInput): string[] {
  return [
    ...[
      '-protocol_whitelist',
      pieces ? (pieces.length > 1 ? 'file,subfile,concat' : 'file,subfile') : 'file',
      '-format_whitelist',
      plainContainers.join(','),
    ],
    ...(demuxer === null ? [] : ['-f', demuxer]),
    ...(demuxer !== null && isoMedia.has(demuxer) ? ['-enable_drefs', '0', '-use_absolute_path', '0'] : []),
    ...(demuxer !== null && bareStreams.has(demuxer) && frameRate ? ['-framerate', frameRate] : []),
    // What was cut through at the end of a file is no packet: half a picture must not count as one.
    ...(demuxer !== null && sizedPackets.has(demuxer) ? ['-fflags', '+discardcorrupt'] : []),
    ...['-max_pixels', String(largestPicture)],
    ...['-i', addressOf(path, pieces)],
  ];
}

/** The demuxer that an answer of ffprobe names, such as `mov` of `mov,mp4,m4a,3gp,3g2,mj2`. */
export const demuxerOf = (formatName: string): string => formatName.split(',')[0] as string;

/** The same file for each piece: no other can come in between, since a name with the sign that parts them is refused. */
function addressOf(path: string, pieces: MediaInput['pieces']): string {
  const file = fileUrl(path);
  if (!pieces) return file;
  const addresses = pieces.map(({ start, end }) => `subfile,,start,${start},end,${end},,:${file}`);
  return addresses.length === 1 ? (addresses[0] as string) : `concat:${addresses.join('|')}`;
}

/** Keeps ffmpeg from taking a name with a colon for a protocol, or one with a dash for an option. */
function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}
