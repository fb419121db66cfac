import type { PictureStream } from '../../preload/contract/domain.ts';
import type { StereoLayout } from '../../preload/contract/stereo.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** What ffprobe says of a stream, as far as it tells which one is the video. */
export interface StatedStream {
  readonly index: number;
  readonly codec_type?: string | undefined;
  readonly codec_name?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly nb_frames?: string | undefined;
  readonly disposition?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
  readonly side_data_list?: readonly StatedSideData[] | undefined;
}

interface StatedSideData {
  readonly side_data_type?: string | undefined;
  readonly type?: unknown;
}

const statedLayouts: Readonly<Record<string, StereoLayout>> = {
  'side by side': 'side-by-side',
  'top and bottom': 'top-bottom',
};

/** How a stream says that both eyes lie in its picture. Layouts that are not cut into two halves are none of ours. */
function statedStereo({ side_data_list: sides = [] }: StatedStream): StereoLayout | null {
  const stereo = sides.find(({ side_data_type: kind }) => /^stereo 3d/i.test(kind ?? ''));
  return (typeof stereo?.type === 'string' && statedLayouts[stereo.type]) || null;
}

/**
 * Which picture stream is meant: one by its index among all streams of the file; the first, as videos were opened before a
 * choice could be made; or the one that the file itself names as its default.
 */
export type StreamWish = number | 'first' | 'default';

/** Marks of pictures that belong to a recording and are not it: covers and thumbnails. */
const coverMarks = ['attached_pic', 'timed_thumbnails', 'still_image'];

/** The picture streams of a file in its own order. A stream of one picture beside longer ones is a thumbnail, marked or not. */
export function pictureStreams(streams: readonly StatedStream[]): PictureStream[] {
  const pictures = streams.filter((stream) => stream.codec_type === 'video');
  const marked = (stream: StatedStream) => coverMarks.some((mark) => stream.disposition?.[mark] === 1);
  const others = (stream: StatedStream) => pictures.filter((other) => other !== stream && !marked(other));
  const isCover = (stream: StatedStream) =>
    marked(stream) || (framesOf(stream) === 1 && others(stream).some((other) => framesOf(other) !== 1));
  return pictures.map((stream) => ({
    index: stream.index,
    codec: stream.codec_name ?? 'unknown',
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    title: titleOf(stream),
    ...stereoOf(stream),
    isDefault: stream.disposition?.['default'] === 1,
    isCover: isCover(stream),
  }));
}

function stereoOf(stream: StatedStream): { stereo?: StereoLayout } {
  const stereo = statedStereo(stream);
  return stereo ? { stereo } : {};
}

function framesOf({ nb_frames: stated, tags }: StatedStream): number | null {
  const frames = Number(stated ?? tags?.['NUMBER_OF_FRAMES']);
  return Number.isInteger(frames) && frames > 0 ? frames : null;
}

/** A track's name, such as "Room camera"; handlers of programs say nothing of the picture. */
function titleOf({ tags }: StatedStream): string | null {
  const title = tags?.['title'] ?? tags?.['handler_name'];
  if (typeof title !== 'string' || /handler|^(mainconcept|apple|core media)/i.test(title)) return null;
  const plain = title
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 80);
  return plain === '' ? null : plain;
}

/** The stream that is meant, or null where a file has none but covers. Throws `invalid-input` for one that is not there. */
export function choosePicture(streams: readonly PictureStream[], wish: StreamWish): PictureStream | null {
  const videos = streams.filter(({ isCover }) => !isCover);
  if (wish === 'default') return videos.find(({ isDefault }) => isDefault) ?? videos[0] ?? null;
  // Before, whatever was not marked as a cover counted, a thumbnail of one picture too.
  if (wish === 'first') return videos[0] ?? null;
  const chosen = streams.find(({ index }) => index === wish);
  if (chosen) return chosen;
  throw new WorkstationError(
    'invalid-input',
    `There is no picture stream ${wish} in this file.`,
    `It has ${streams.map(({ index, codec, width, height }) => `${index} (${codec}, ${width} x ${height})`).join(', ')}.`,
  );
}

/**
 * The name of one picture stream: that of the file's content, with the stream behind a colon where it is not the first.
 * So that what was reviewed in one stream is never taken for another's.
 */
export function streamFingerprint(
  content: string,
  streams: readonly PictureStream[],
  chosen: number,
): string {
  return choosePicture(streams, 'first')?.index === chosen ? content : `${content}:${chosen}`;
}

/** What a stored fingerprint names. */
export function streamOfFingerprint(fingerprint: string): StreamWish {
  const index = /:(\d+)$/.exec(fingerprint)?.[1];
  return index === undefined ? 'first' : Number(index);
}
