import type { Readable } from 'node:stream';
import { openRegularFile } from './regular-file.ts';

/** The answer to an HTTP request for bytes of a file. */
export interface ByteRangeAnswer {
  readonly status: 200 | 206 | 416;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes; null for status 416. It must be destroyed if the request closes before its end. */
  readonly stream: Readable | null;
}

export type ByteRange = { readonly start: number; readonly end: number } | 'whole' | 'unsatisfiable';

/**
 * Reads a `Range` header (RFC 9110, 14.1.2 and 14.2). Several ranges, other units and malformed headers are ignored, as
 * the standard allows, and the whole file is sent.
 *
 * @returns first and last byte, both included
 */
export function parseByteRange(header: string | null | undefined, size: number): ByteRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return 'whole';
  if (match[1] === '') {
    const length = Number(match[2]);
    return length === 0 || size === 0
      ? 'unsatisfiable'
      : { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/**
 * Opens a part of a file for an HTTP answer. Throws `file-missing`, `file-unreadable`; an error while reading destroys the
 * stream.
 */
export async function createByteRangeStream(
  path: string,
  rangeHeader: string | null | undefined,
  contentType = 'application/octet-stream',
  counted = Infinity,
): Promise<ByteRangeAnswer> {
  const file = await openRegularFile(path);
  // How many bytes count if the file grows.
  const size = Math.min((await file.stat()).size, counted);
  const range = parseByteRange(rangeHeader, size);
  const common = { 'accept-ranges': 'bytes', 'content-type': contentType, 'cache-control': 'no-store' };
  if (range === 'unsatisfiable' || size === 0) {
    await file.close();
    const headers = { ...common, 'content-range': `bytes */${size}` };
    return { status: 416, headers, stream: null };
  }
  // A growing file is sent only up to the length that was announced.
  const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
  const length = { ...common, 'content-length': String(end - start + 1) };
  const stream = file.createReadStream({ start, end });
  if (range === 'whole') return { status: 200, headers: length, stream };
  return { status: 206, headers: { ...length, 'content-range': `bytes ${start}-${end}/${size}` }, stream };
}
