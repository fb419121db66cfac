import { arePackets } from './transport-tables.ts';

/** What the first bytes of a file say it is. */
export type FileKind =
  | 'iso-media'
  | 'matroska'
  | 'avi'
  | 'dicom'
  | 'archive'
  | 'encrypted-archive'
  | 'document'
  | 'picture'
  | 'playlist'
  | 'text'
  | 'unknown';

export interface FirstBytes {
  readonly kind: FileKind;
  /** ffmpeg's demuxer for it, where the bytes leave no doubt. */
  readonly demuxer: string | null;
  /** What it is called, of a playlist; else null. */
  readonly name: string | null;
}

/** As many as are looked at: enough for a few packets of a transport stream and the head of a manifest. */
export const firstBytesLooked = 4096;

const beginnings: readonly (readonly [bytes: string, demuxer: string])[] = [
  ['\x30\x26\xb2\x75\x8e\x66\xcf\x11', 'asf'],
  ['FLV\x01', 'flv'],
  ['\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02', 'mxf'],
  ['OggS', 'ogg'],
  ['YUV4MPEG2', 'yuv4mpegpipe'],
  ['DKIF', 'ivf'],
  ['\x00\x00\x01\xba', 'mpeg'],
  ['nut/multimedia container\x00', 'nut'],
  ['.RMF', 'rm'],
];

const otherKinds: readonly (readonly [bytes: string, kind: FileKind])[] = [
  ['7z\xbc\xaf\x27\x1c', 'archive'],
  ['Rar!', 'archive'],
  ['\x1f\x8b', 'archive'],
  ['%PDF', 'document'],
  ['\xd0\xcf\x11\xe0', 'document'],
  ['\x89PNG', 'picture'],
  ['\xff\xd8\xff', 'picture'],
  ['II*\0', 'picture'],
  ['MM\0*', 'picture'],
];

/** Texts that programs take for videos because they name other files or addresses. */
const playlists: readonly (readonly [text: RegExp, name: string])[] = [
  [/^#extm3u/, 'a playlist (M3U8)'],
  [/^ffconcat\s/, 'a list of files'],
  [/^\[playlist\]/, 'a playlist (PLS)'],
  [/^\[reference\]/, 'a playlist (ASX)'],
  [/^v=0\s+o=/, 'a session description (SDP)'],
  [/^(rtsptext|smiltext)/, 'a list of addresses'],
  [/<mpd[\s>]/, 'a manifest (MPEG-DASH)'],
  [/<smoothstreamingmedia[\s>]/, 'a manifest (Smooth Streaming)'],
  [/<compositionplaylist[\s>]/, 'a composition playlist (IMF)'],
  [/<asx[\s>]/, 'a playlist (ASX)'],
  [/<smil[\s>]/, 'a playlist (SMIL)'],
  [/<playlist[\s>]/, 'a playlist (XSPF)'],
  [/<\?quicktime/, 'a QuickTime media link'],
  [/<!doctype html|<html[\s>]/, 'a web page'],
  [/^(avisource|directshowsource|ffvideosource|ffmpegsource2|import)\s*\(/, 'a script (AviSynth)'],
  [/^[a-z][a-z0-9+.-]{1,15}:\/\//, 'an address'],
];

/** @param head the first `firstBytesLooked` bytes, or all of a shorter file */
export function readFirstBytes(head: Buffer): FirstBytes {
  const found = (kind: FileKind, demuxer: string | null = null): FirstBytes => ({
    kind,
    demuxer,
    name: null,
  });
  const text = head.toString('latin1');
  if (['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'styp'].includes(text.slice(4, 8))) {
    return found('iso-media', 'mov');
  }
  if (text.startsWith('\x1a\x45\xdf\xa3')) return found('matroska', 'matroska');
  if (text.startsWith('RIFF') && text.slice(8, 11) === 'AVI') return found('avi', 'avi');
  if (text.slice(128, 132) === 'DICM') return found('dicom');
  const beginning = beginnings.find(([bytes]) => text.startsWith(bytes));
  if (beginning) return found('unknown', beginning[1]);
  if (isTransportStream(head)) return found('unknown', 'mpegts');
  if (text.startsWith('PK\x03\x04')) {
    // Bit 0 of the general purpose flag: the entry is encrypted.
    return found(((head[6] ?? 0) & 1) === 1 ? 'encrypted-archive' : 'archive');
  }
  const other = otherKinds.find(([bytes]) => text.startsWith(bytes));
  if (other) return found(other[1]);
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return found('picture');
  const words = textOf(head);
  if (words === null) return found('unknown');
  const start = words.trimStart().toLowerCase();
  const playlist = playlists.find(([pattern]) => pattern.test(start));
  return playlist ? { kind: 'playlist', demuxer: null, name: playlist[1] } : found('text');
}

/** Packets of 188 bytes; on discs and in cameras each has 4 bytes before it. */
function isTransportStream(head: Buffer): boolean {
  return arePackets(head, 0, 188) || arePackets(head, 4, 192) || arePackets(head, 0, 204);
}

/** The bytes as text, or null where they are none: text has no control characters but those that lay out lines. */
function textOf(head: Buffer): string | null {
  if (head.length === 0) return null;
  const wide = head[0] === 0xff && head[1] === 0xfe;
  const swapped = head[0] === 0xfe && head[1] === 0xff;
  if (wide || swapped) {
    const even = Buffer.from(head.subarray(2, head.length - (head.length % 2)));
    return printable((swapped ? even.swap16() : even).toString('utf16le'));
  }
  const words = head.toString('utf8').replace(/^\ufeff/, '');
  // The last letter may be cut through; elsewhere a byte that is no UTF-8 could be a letter of an old code page.
  const strange = words.slice(0, -1).match(/\ufffd/g)?.length ?? 0;
  return strange > words.length / 10 ? null : printable(words);
}

function printable(words: string): string | null {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/.test(words) ? null : words;
}
