import type { TimeBase } from '../../preload/contract/values.ts';

/** What ffmpeg's `showinfo` filter says of one decoded frame. */
export interface ShownFrame {
  /** Presentation time in ticks of the filter's input; null where the file gives none. */
  readonly pts: number | null;
  readonly isKey: boolean;
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  /** Adler-32 over the planes as decoded: tells two frames apart whatever their timestamps claim. */
  readonly checksum: number;
}

const framePattern =
  /\] n: *\d+ pts: *(-?\d+|NOPTS) .*?\bfmt:(\S+) .*?\bs:(\d+)x(\d+) .*?\biskey:([01]) .*?\bchecksum:([0-9A-F]{8})/;
const timeBasePattern = /\] config in time_base: (\d+)\/(\d+)/;

/** Reads one line of standard error; null for a line that describes no frame. */
export function parseShownFrame(line: string): ShownFrame | null {
  if (!line.includes('iskey:')) return null;
  const match = framePattern.exec(line);
  if (!match) return null;
  const [, pts, pixelFormat, width, height, key, checksum] = match as unknown as [string, ...string[]];
  return {
    pts: pts === 'NOPTS' ? null : Number(pts),
    isKey: key === '1',
    pixelFormat: pixelFormat as string,
    width: Number(width),
    height: Number(height),
    checksum: Number.parseInt(checksum as string, 16),
  };
}

/** The time base that `showinfo` announces before its first frame; null for any other line. */
export function parseShownTimeBase(line: string): TimeBase | null {
  const match = timeBasePattern.exec(line);
  return match ? [Number(match[1]), Number(match[2])] : null;
}
