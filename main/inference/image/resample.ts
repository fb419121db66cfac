import type { Size } from '../../../preload/contract/values.ts';

/**
 * Antialiased bicubic resampling of 8-bit RGB with the results of Pillow's `Image.resize(..., BICUBIC)`:
 * a = -0.5, the kernel widened when shrinking, coefficients in fixed point, a horizontal pass and then a
 * vertical one, each rounded to 8 bits. The models were trained on exactly these pixels.
 */

/** Bits after the point in a coefficient: 32 less 8 for the pixel and 2 for overshoot. */
const precisionBits = 32 - 8 - 2;
const kernelRadius = 2;

/** Bicubic kernel (Keys, 1981) with a = -0.5. */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

interface Coefficients {
  /** First source sample of each output sample. */
  readonly first: Int32Array;
  /** Number of source samples of each output sample. */
  readonly count: Int32Array;
  /** `[output, stride]` fixed-point weights. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function coefficientsFor(sourceLength: number, targetLength: number): Coefficients {
  const scale = sourceLength / targetLength;
  const filterScale = Math.max(scale, 1);
  const support = kernelRadius * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(targetLength);
  const count = new Int32Array(targetLength);
  const weights = new Int32Array(targetLength * stride);
  const row = new Float64Array(stride);
  for (let target = 0; target < targetLength; target += 1) {
    const centre = (target + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const length = Math.min(Math.trunc(centre + support + 0.5), sourceLength) - start;
    let total = 0;
    for (let index = 0; index < length; index += 1) {
      const weight = bicubic((index + start - centre + 0.5) * (1 / filterScale));
      row[index] = weight;
      total += weight;
    }
    for (let index = 0; index < length; index += 1) {
      const scaled = (total === 0 ? row[index]! : row[index]! / total) * (1 << precisionBits);
      weights[target * stride + index] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[target] = start;
    count[target] = length;
  }
  return { first, count, weights, stride };
}

function toByte(sum: number): number {
  const value = sum >> precisionBits;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resampleRows(source: Uint8Array, size: Size, targetWidth: number): Uint8Array {
  const { first, count, weights, stride } = coefficientsFor(size.width, targetWidth);
  const target = new Uint8Array(targetWidth * size.height * 3);
  const half = 1 << (precisionBits - 1);
  let at = 0;
  for (let y = 0; y < size.height; y += 1) {
    const rowStart = y * size.width * 3;
    for (let x = 0; x < targetWidth; x += 1) {
      let red = half;
      let green = half;
      let blue = half;
      let from = rowStart + first[x]! * 3;
      const weightStart = x * stride;
      const weightEnd = weightStart + count[x]!;
      for (let index = weightStart; index < weightEnd; index += 1) {
        const weight = weights[index]!;
        red += source[from]! * weight;
        green += source[from + 1]! * weight;
        blue += source[from + 2]! * weight;
        from += 3;
      }
      target[at] = toByte(red);
      target[at + 1] = toByte(green);
      target[at + 2] = toByte(blue);
      at += 3;
    }
  }
  return target;
}

function resampleColumns(source: Uint8Array, size: Size, targetHeight: number): Uint8Array {
  const { first, count, weights, stride } = coefficientsFor(size.height, targetHeight);
  const rowBytes = size.width * 3;
  const target = new Uint8Array(rowBytes * targetHeight);
  const half = 1 << (precisionBits - 1);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < targetHeight; y += 1) {
    sums.fill(half);
    for (let index = 0; index < count[y]!; index += 1) {
      const weight = weights[y * stride + index]!;
      const rowStart = (first[y]! + index) * rowBytes;
      for (let column = 0; column < rowBytes; column += 1) {
        sums[column] = sums[column]! + source[rowStart + column]! * weight;
      }
    }
    const at = y * rowBytes;
    for (let column = 0; column < rowBytes; column += 1) target[at + column] = toByte(sums[column]!);
  }
  return target;
}

/**
 * Resizes `rgb` (8-bit RGB24, rows without padding, `size.width * size.height * 3` bytes) to `target`.
 * A side that keeps its length is left untouched; with no change at all the input itself comes back.
 */
export function resampleBicubic(rgb: Uint8Array, size: Size, target: Size): Uint8Array {
  let pixels = rgb;
  if (target.width !== size.width) pixels = resampleRows(pixels, size, target.width);
  if (target.height !== size.height) {
    pixels = resampleColumns(pixels, { width: target.width, height: size.height }, target.height);
  }
  return pixels;
}
