import type { FileHandle } from 'node:fs/promises';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { Piece } from './pieces.ts';
import { readAt } from './regular-file.ts';

/** Where in a DICOM object the video lies, and what reads it. */
export interface DicomVideo {
  /** The fragments of the video in order. What lies between two JPEG pictures does no harm, so it stays. */
  readonly pieces: readonly Piece[];
  /** Whether the end of the object is missing. */
  readonly isCut: boolean;
  /** The demuxer for a bare stream; null if a container lies inside, which says itself what it is. */
  readonly demuxer: string | null;
  /** Frames per second, if the object states them and a bare stream does not. */
  readonly frameRate: string | null;
}

const family = '1.2.840.10008.1.2.4.';

/** Transfer syntaxes that encapsulate a video (PS3.5, A.4 and A.6), by what follows `1.2.840.10008.1.2.4.`. */
const streams: Readonly<Record<string, string>> = {
  ...named('50', 'mjpeg'),
  ...named('100 100.1 101 101.1', 'mpegvideo'),
  ...named('102 102.1 103 103.1 104 104.1 105 105.1 106 106.1', 'h264'),
  ...named('107 108', 'hevc'),
};

function named(syntaxes: string, demuxer: string): Record<string, string> {
  return Object.fromEntries(syntaxes.split(' ').map((syntax) => [family + syntax, demuxer]));
}

/** Value representations with a length of 32 bits (PS3.5, 7.1.2). */
const longForms = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const undefinedLength = 0xffffffff;
const item = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
const pixelData = 0x7fe00010;
/** Only these values are read. All others, including those about the patient, are skipped by their length. */
const wanted = new Map([
  [0x00020010, 'transferSyntax'],
  [0x00180040, 'cineRate'],
  [0x00181063, 'frameTime'],
  [0x00280004, 'colours'],
]);

interface Element {
  readonly tag: number;
  readonly representation: string;
  readonly length: number;
  /** Where the value begins. */
  readonly at: number;
}

/**
 * Finds the video that a DICOM object encapsulates (PS3.5, A.4: fragments as items of the pixel data). What is needed is a
 * handful of numbers, so nothing else of the header is read, kept or told. Throws `video-not-a-video` for an object without
 * one, with how to get at the recording.
 */
export async function findDicomVideo(file: FileHandle, size: number): Promise<DicomVideo> {
  const values: Record<string, string> = {};
  let position = 132;
  for (let count = 0; count < 20_000; count++) {
    const element = await readElement(file, position);
    if (element === null || element.at > size) throw notInside('it ends before its pictures');
    if (element.tag === pixelData) {
      if (element.length !== undefinedLength) throw notInside('its pictures are not compressed as a video');
      return describeVideo(file, values, await fragmentsOf(file, element.at, size));
    }
    const name = wanted.get(element.tag);
    if (name !== undefined && element.length <= 128) {
      values[name] = (await readAt(file, element.at, element.length))
        .toString('latin1')
        .replace(/[\0 ]+$/, '');
    }
    position =
      element.length === undefinedLength
        ? await endOfSequence(file, element.at, 0)
        : element.at + element.length;
  }
  throw notInside('its header is too long');
}

/** An element in explicit little-endian form, which every compressed object has. */
async function readElement(file: FileHandle, position: number): Promise<Element | null> {
  const head = await readAt(file, position, 12);
  if (head.length < 8) return null;
  const tag = head.readUInt16LE(0) * 65_536 + head.readUInt16LE(2);
  if (tag === item || tag === itemEnd || tag === sequenceEnd) {
    return { tag, representation: '', length: head.readUInt32LE(4), at: position + 8 };
  }
  const representation = head.toString('latin1', 4, 6);
  if (!/^[A-Z]{2}$/.test(representation)) throw notInside('its header is not in the usual form');
  if (!longForms.has(representation)) {
    return { tag, representation, length: head.readUInt16LE(6), at: position + 8 };
  }
  if (head.length < 12) return null;
  return { tag, representation, length: head.readUInt32LE(8), at: position + 12 };
}

/** Finds where a sequence or item of undefined length ends. */
async function endOfSequence(file: FileHandle, start: number, depth: number): Promise<number> {
  if (depth > 16) throw notInside('its header is nested too deeply');
  let position = start;
  for (let count = 0; count < 20_000; count++) {
    const element = await readElement(file, position);
    if (element === null) throw notInside('it ends before its pictures');
    if (element.tag === sequenceEnd || element.tag === itemEnd) return element.at;
    position =
      element.length === undefinedLength
        ? await endOfSequence(file, element.at, depth + 1)
        : element.at + element.length;
  }
  throw notInside('its header is too long');
}

/** A fragment of the pixel data, without the head of its item. */
interface Fragment extends Piece {
  /** Where its item begins, counted from the first item after the table of offsets. */
  readonly offset: number;
}

interface Fragments {
  readonly list: readonly Fragment[];
  /** The offsets of the fragments with which a picture begins (Basic Offset Table); empty if the object lists none. */
  readonly pictures: ReadonlySet<number>;
  /** Whether the mark that ends them is missing. */
  readonly isCut: boolean;
}

/** No video has a longer table of offsets. */
const longestTable = 4 * 1024 * 1024;

async function fragmentsOf(file: FileHandle, start: number, size: number): Promise<Fragments> {
  const table = await readElement(file, start);
  if (table?.tag !== item || table.length > longestTable)
    throw notInside('its pictures are not where they should be');
  const offsets = await readAt(file, table.at, table.length);
  const pictures = new Set<number>();
  for (let at = 0; at + 4 <= offsets.length; at += 4) pictures.add(offsets.readUInt32LE(at));
  const first = table.at + table.length;
  const list: Fragment[] = [];
  let isCut = true;
  for (let position = first; position < size;) {
    const element = await readElement(file, position);
    if (element?.tag === sequenceEnd) isCut = false;
    if (element?.tag !== item || element.length === undefinedLength) break;
    const { at, length } = element;
    const end = Math.min(size, at + length);
    if (length > 0 && end > at) list.push({ start: at, end, offset: position - first });
    position = at + length;
  }
  if (list.length === 0) throw notInside('it holds no picture');
  return { list, pictures, isCut };
}

/** The tools open every piece separately, and operating systems limit a program to a few hundred open files. */
const mostPieces = 200;

async function describeVideo(
  file: FileHandle,
  values: Readonly<Record<string, string>>,
  fragments: Fragments,
): Promise<DicomVideo> {
  const demuxer = streams[values['transferSyntax'] ?? ''];
  if (demuxer === undefined) throw notInside('its pictures are not compressed as a video');
  if (demuxer === 'mjpeg' && values['colours'] === 'RGB')
    throw notInside('its colours are stored in an unusual way');
  const pieces = demuxer === 'mjpeg' ? await piecesOfPictures(file, fragments) : fragments.list;
  if (pieces.length > mostPieces)
    throw notInside(`its video is cut into ${pieces.length} pieces, and at most ${mostPieces} can be joined`);
  const time = Number(values['frameTime']);
  const rate = Number(values['cineRate']);
  const frameRate = time > 0 ? `1000/${time}` : rate > 0 ? String(rate) : null;
  const exact = frameRate !== null && /^[\d./]+$/.test(frameRate) ? frameRate : null;
  return {
    pieces: pieces.map(({ start, end }) => ({ start, end })),
    isCut: fragments.isCut,
    demuxer,
    frameRate: exact,
  };
}

/**
 * Pictures of JPEG are found by their own marks, so the heads of items between two of them do no harm; within a picture they
 * are left out. With which fragments one begins is said by the table of offsets, else by the mark that each begins with.
 */
async function piecesOfPictures(file: FileHandle, { list, pictures }: Fragments): Promise<Piece[]> {
  const pieces: { start: number; end: number }[] = [];
  for (const { start, end, offset } of list) {
    const hasMark = (await readAt(file, start, 2)).toString('hex') === 'ffd8';
    const begins = pictures.size > 0 ? pictures.has(offset) : hasMark;
    if (begins && !hasMark) throw notInside('its table of offsets does not fit its pictures');
    const before = pieces.at(-1);
    if (before && begins) before.end = end;
    else pieces.push({ start, end });
  }
  return pieces;
}

function notInside(why: string): WorkstationError {
  return new WorkstationError(
    'video-not-a-video',
    `This is a DICOM object from which no video can be opened: ${why}.`,
    'Export the recording as MP4 or AVI from the archive (PACS) or the viewer that shows it, then open that.',
  );
}
