import { readFileSync, writeFileSync } from 'node:fs';
import type { ClipFolder } from './clips.ts';

/** Rows of the display matrix that each of the eight orientations is asked for with (ISO/IEC 14496-12, 8.3.2). */
export const orientations: Record<string, readonly [number, number, number, number]> = {
  upright: [1, 0, 0, 1],
  'turned by 90°': [0, 1, -1, 0],
  'turned by 180°': [-1, 0, 0, -1],
  'turned by 270°': [0, -1, 1, 0],
  mirrored: [-1, 0, 0, 1],
  'mirrored and turned by 90°': [0, -1, -1, 0],
  'mirrored and turned by 180°': [1, 0, 0, -1],
  'mirrored and turned by 270°': [0, 1, 1, 0],
};

/** Writes a display matrix into a track's header; in 16 bits of fraction, as the file holds it. */
export function withMatrix(file: Buffer, [a, b, c, d]: readonly number[]): Buffer {
  const at = file.indexOf('tkhd') + 44;
  [a, b, 0, c, d].forEach((value, place) =>
    file.writeInt32BE(Math.round((value ?? 0) * 65_536), at + place * 4),
  );
  return file;
}

/** Patches of flat colours, no two alike, that cover a coded picture in 6 columns and 4 rows. */
const patches = [
  "geq=lum='40+28*floor(X*6/W)+6*floor(Y*4/H)':cb='90+16*floor(X*6/W)':cr='96+22*floor(Y*4/H)'",
  'format=yuv420p',
];

const h264 = (encoder: string, pixelFormat: string) => [
  ...['-c:v', encoder, '-preset', 'ultrafast', '-crf', '2', '-pix_fmt', pixelFormat],
];
export const plainH264 = h264('libx264', 'yuv420p');
export const fullRangeH264 = [...h264('libx264', 'yuvj420p'), '-color_range', 'pc'];
export const rgbH264 = h264('libx264rgb', 'rgb24');

export interface PatchClip {
  readonly width?: number;
  readonly height?: number;
  readonly pixelAspect?: string;
  readonly output?: readonly string[];
  readonly filters?: readonly string[];
  readonly extension?: string;
}

/** A second of patches at 10 frames per second. */
export async function makePatches(folder: ClipFolder, name: string, clip: PatchClip = {}): Promise<string> {
  const {
    width = 192,
    height = 144,
    pixelAspect,
    output = plainH264,
    filters = [],
    extension = 'mp4',
  } = clip;
  const shape = pixelAspect ? [`setsar=${pixelAspect}`] : [];
  return folder.convert(
    [
      ...['-f', 'lavfi', '-i', `color=s=${width}x${height}:r=10:d=1`],
      ...['-vf', [...patches, ...filters, ...shape].join(','), ...output],
    ],
    `${name}.${extension}`,
  );
}

export function withMatrixFile(
  folder: ClipFolder,
  path: string,
  name: string,
  matrix: readonly number[],
): string {
  const to = folder.file(`${name}.mp4`);
  writeFileSync(to, withMatrix(readFileSync(path), matrix));
  return to;
}

export interface Rgb {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export function pixelAt({ rgb, width, height }: Rgb, across: number, down: number): number[] {
  const at = (Math.floor(down * height) * width + Math.floor(across * width)) * 3;
  return Array.from(rgb.subarray(at, at + 3));
}

/** The middles of a grid that lie inside patches, whichever way the picture is turned: parts of width and height. */
export const samplePlaces: readonly (readonly [number, number])[] = [1, 3, 5, 7, 9, 11].flatMap((x) =>
  [1, 3, 5, 7].map((y) => [x / 12, y / 8] as const),
);

/** The largest difference of a channel over places inside the patches of a picture of either way. */
export function largestDifference(one: Rgb, other: Rgb): number {
  const places = samplePlaces.map(([x, y]) =>
    one.width >= one.height ? ([x, y] as const) : ([y, x] as const),
  );
  return Math.max(
    ...places.flatMap(([x, y]) => {
      const [a, b] = [pixelAt(one, x, y), pixelAt(other, x, y)];
      return a.map((value, channel) => Math.abs(value - (b[channel] as number)));
    }),
  );
}
