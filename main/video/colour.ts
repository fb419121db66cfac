import type { ColourMatrix } from './probe.ts';

/**
 * Decoded pixels to RGB, by one fixed rule in integers, so that a frame's hash is the same on every machine and with every
 * version of ffmpeg (swscale's own conversion has changed between versions, and with the processor's instructions).
 *
 * Matrices of ITU-R BT.601-7, BT.709-6, BT.2020-2, SMPTE 240M and FCC; YCgCo; planes that are green, blue and red already.
 * Studio or full range; 16-bit fixed-point factors, rounded half up. Each pixel takes the chroma sample of its own block,
 * with no interpolation. Depths above 8 bits are rounded in the same step. Primaries and transfer function are left alone.
 */
export interface PlanarFormat {
  /** By how many bits width and height are shifted to get those of a chroma plane. */
  readonly shiftX: number;
  readonly shiftY: number;
  readonly bits: number;
}

const planar = /^(?:yuvj?(420|422|444|440)p|gbrp)(?:(9|10|12|14|16)le)?$/;
const shifts: Record<string, readonly [number, number]> = {
  '420': [1, 1],
  '422': [1, 0],
  '444': [0, 0],
  '440': [0, 1],
};

/** The layout of a planar format by ffmpeg's name; null for any other, which ffmpeg must convert. */
export function planarFormat(pixelFormat: string): PlanarFormat | null {
  const match = planar.exec(pixelFormat);
  const shift = shifts[match?.[1] ?? '444'];
  return match && shift ? { shiftX: shift[0], shiftY: shift[1], bits: Number(match[2] ?? 8) } : null;
}

/** The name by which ffmpeg's conversions know a matrix; null if they have none. */
export function swscaleMatrix(matrix: ColourMatrix): string | null {
  return matrix === 'rgb' || matrix === 'ycgco' ? null : matrix;
}

/**
 * A filter, with a comma behind it, that takes planes for the green, blue and red that they are: some versions of ffmpeg
 * call them luma and chroma (AV1), and would convert them.
 */
export function planesAsRgb({
  colourMatrix,
  pixelFormat,
}: {
  colourMatrix: ColourMatrix;
  pixelFormat: string;
}): string {
  const format = planarFormat(pixelFormat);
  if (colourMatrix !== 'rgb' || !format || format.shiftX + format.shiftY > 0) return '';
  return `mergeplanes=0x000102:gbrp${format.bits > 8 ? `${format.bits}le` : ''},`;
}

/** Bytes of one frame as ffmpeg writes it raw: planes one after the other, chroma sizes rounded up. */
export function planarBytes(format: PlanarFormat, width: number, height: number): number {
  const chroma = chromaSize(format, width, height);
  return (width * height + 2 * chroma.width * chroma.height) * (format.bits > 8 ? 2 : 1);
}

function chromaSize(format: PlanarFormat, width: number, height: number): { width: number; height: number } {
  return {
    width: -(-width >> format.shiftX),
    height: -(-height >> format.shiftY),
  };
}

type LumaMatrix = Exclude<ColourMatrix, 'rgb' | 'ycgco'>;

/** Kr and Kb of each matrix. Kg is 1 minus both. */
const luma: Record<LumaMatrix, readonly [number, number]> = {
  bt601: [0.299, 0.114],
  bt709: [0.2126, 0.0722],
  bt2020: [0.2627, 0.0593],
  smpte240m: [0.212, 0.087],
  fcc: [0.3, 0.11],
};

interface Tables {
  readonly luma: Int32Array;
  readonly redFromCr: Int32Array;
  readonly greenFromCr: Int32Array;
  readonly greenFromCb: Int32Array;
  readonly blueFromCb: Int32Array;
}

const tablesMade = new Map<string, Tables>();

function tablesFor(matrix: LumaMatrix, fullRange: boolean, bits: number): Tables {
  const key = `${matrix} ${fullRange} ${bits}`;
  const made = tablesMade.get(key);
  if (made) return made;
  const [kr, kb] = luma[matrix];
  const kg = 1 - kr - kb;
  const levels = 2 ** bits;
  const unit = 2 ** (bits - 8);
  const lumaScale = fullRange ? 255 / (levels - 1) : 255 / (219 * unit);
  const chromaScale = fullRange ? 255 / (levels - 1) : 255 / (224 * unit);
  const zero = fullRange ? 0 : 16 * unit;
  const middle = 128 * unit;
  const table = (value: (level: number) => number) =>
    Int32Array.from({ length: levels }, (_, level) => Math.round(value(level) * 65_536));
  const tables: Tables = {
    // Half a step is added here once, so that the shift below rounds instead of cutting off.
    luma: table((level) => (level - zero) * lumaScale + 0.5),
    redFromCr: table((level) => 2 * (1 - kr) * (level - middle) * chromaScale),
    greenFromCr: table((level) => ((-2 * (1 - kr) * kr) / kg) * (level - middle) * chromaScale),
    greenFromCb: table((level) => ((-2 * (1 - kb) * kb) / kg) * (level - middle) * chromaScale),
    blueFromCb: table((level) => 2 * (1 - kb) * (level - middle) * chromaScale),
  };
  tablesMade.set(key, tables);
  return tables;
}

export interface PlanarPicture {
  /** Planes Y, Cb, Cr (of `rgb`: green, blue, red; of `ycgco`: Y, Cg, Co) in one buffer at an even offset, `planarBytes` long; above 8 bits little-endian 16-bit words. */
  readonly planes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: PlanarFormat;
  readonly matrix: ColourMatrix;
  readonly fullRange: boolean;
}

/** @returns RGB, 8 bits, rows from the top: [height, width, 3] */
export function planarToRgb(picture: PlanarPicture): Uint8Array<ArrayBuffer> {
  const { planes, width, height, format } = picture;
  const { shiftX, shiftY, bits } = format;
  const expected = planarBytes(format, width, height);
  if (planes.length !== expected) {
    throw new RangeError(`A ${width}x${height} picture has ${expected} bytes, not ${planes.length}`);
  }
  const samples = bits > 8 ? new Uint16Array(planes.buffer, planes.byteOffset, planes.length / 2) : planes;
  const { matrix } = picture;
  if (matrix === 'rgb' || matrix === 'ycgco') return directToRgb(picture, samples, matrix);
  const { luma, redFromCr, greenFromCr, greenFromCb, blueFromCb } = tablesFor(
    matrix,
    picture.fullRange,
    bits,
  );
  const chroma = chromaSize(format, width, height);
  const cbStart = width * height;
  const crStart = cbStart + chroma.width * chroma.height;
  // A clamped array limits values that the matrix sends beyond black or white.
  const rgb = new Uint8ClampedArray(width * height * 3);
  let out = 0;
  let at = 0;
  const pairs = shiftX === 1 ? width >> 1 : 0;
  for (let row = 0; row < height; row++) {
    let chromaAt = (row >> shiftY) * chroma.width;
    // Two pixels for each chroma sample is the usual case. It has a loop of its own, because one loop for all cases takes
    // three times as long.
    for (let pair = 0; pair < pairs; pair++, chromaAt++) {
      const cb = samples[cbStart + chromaAt] as number;
      const cr = samples[crStart + chromaAt] as number;
      const red = redFromCr[cr] as number;
      const green = (greenFromCr[cr] as number) + (greenFromCb[cb] as number);
      const blue = blueFromCb[cb] as number;
      const left = luma[samples[at] as number] as number;
      const right = luma[samples[at + 1] as number] as number;
      rgb[out] = (left + red) >> 16;
      rgb[out + 1] = (left + green) >> 16;
      rgb[out + 2] = (left + blue) >> 16;
      rgb[out + 3] = (right + red) >> 16;
      rgb[out + 4] = (right + green) >> 16;
      rgb[out + 5] = (right + blue) >> 16;
      at += 2;
      out += 6;
    }
    for (let column = pairs * 2; column < width; column++, chromaAt++) {
      const cb = samples[cbStart + chromaAt] as number;
      const cr = samples[crStart + chromaAt] as number;
      const y = luma[samples[at++] as number] as number;
      rgb[out++] = (y + (redFromCr[cr] as number)) >> 16;
      rgb[out++] = (y + (greenFromCr[cr] as number) + (greenFromCb[cb] as number)) >> 16;
      rgb[out++] = (y + (blueFromCb[cb] as number)) >> 16;
    }
  }
  return new Uint8Array(rgb.buffer);
}

/** Converts planes that hold red, green and blue themselves, or plain sums and differences of them. */
function directToRgb(
  { width, height, format, fullRange }: PlanarPicture,
  samples: Uint8Array | Uint16Array,
  matrix: 'rgb' | 'ycgco',
): Uint8Array<ArrayBuffer> {
  const { shiftX, shiftY, bits } = format;
  const chroma = chromaSize(format, width, height);
  const second = width * height;
  const third = second + chroma.width * chroma.height;
  const levels = 2 ** bits - 1;
  const unit = 2 ** (bits - 8);
  const [zero, lumaScale, chromaScale] = fullRange
    ? [0, 255 / levels, 255 / levels]
    : [16 * unit, 255 / (219 * unit), 255 / (224 * unit)];
  const middle = 128 * unit;
  const rgb = new Uint8ClampedArray(width * height * 3);
  const level = (value: number) => Math.floor(value + 0.5);
  for (let at = 0, out = 0; at < second; at++) {
    const place = (Math.floor(at / width) >> shiftY) * chroma.width + ((at % width) >> shiftX);
    const [one, two, three] = [samples[at], samples[second + place], samples[third + place]] as [
      number,
      number,
      number,
    ];
    if (matrix === 'rgb') {
      rgb[out++] = level((three - zero) * lumaScale);
      rgb[out++] = level((one - zero) * lumaScale);
      rgb[out++] = level((two - zero) * lumaScale);
    } else {
      const y = (one - zero) * lumaScale;
      const green = (two - middle) * chromaScale;
      const orange = (three - middle) * chromaScale;
      rgb[out++] = level(y - green + orange);
      rgb[out++] = level(y + green);
      rgb[out++] = level(y - green - orange);
    }
  }
  return new Uint8Array(rgb.buffer);
}
