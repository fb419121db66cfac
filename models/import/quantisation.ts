import type { BlockFormat } from './choices/precision.ts';

/** The stored values that stand for 0: what onnxruntime's operators take when no zero points are given. */
export const zeroPoints = { 4: 8, 8: 128 } as const;

/**
 * Steps that the largest magnitude of a block is tried at, in 4 bits. The stored range is -8 to 7, so at -8 the
 * largest value itself is exact; a coarser or finer scale can serve the other values better.
 */
const fourBitSteps = [-8.6, -8.3, -8, -7.7, -7.4, -7];

/**
 * Quantises one row of a matrix in blocks with a scale each: value = (stored - zero point) * scale. A last block
 * that the row doesn't fill is padded with 0.
 *
 * @param row [columns]
 * @param quantised [blocks * blockSize * bits / 8], filled here; of two values in a byte the first is the low half
 * @param scales [blocks], filled here
 */
export function quantiseRow(
  row: Float32Array,
  { bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>,
  quantised: Uint8Array,
  scales: Float32Array,
): void {
  for (let block = 0; block < scales.length; block++) {
    const begin = block * blockSize;
    const end = Math.min(begin + blockSize, row.length);
    if (bits === 8) scales[block] = eightBits(row, begin, end, begin + blockSize, quantised);
    else scales[block] = fourBits(row, begin, end, begin + blockSize, quantised);
  }
}

/** The scale is the block's largest magnitude / 127. */
function eightBits(
  row: Float32Array,
  begin: number,
  end: number,
  padded: number,
  quantised: Uint8Array,
): number {
  quantised.fill(zeroPoints[8], begin, padded);
  let largest = 0;
  for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(row[i]!));
  // In float32, as the runtime will multiply with it.
  const scale = Math.fround(largest / 127);
  if (scale === 0) return 0;
  for (let i = begin; i < end; i++) {
    const steps = Math.round(row[i]! / scale);
    quantised[i] = zeroPoints[8] + Math.max(-127, Math.min(127, steps));
  }
  return scale;
}

/**
 * Tries a few scales and keeps the one with the least squared error. For given steps s of values x the best
 * scale is sum(x s) / sum(s^2), which leaves sum(x^2) - sum(x s)^2 / sum(s^2).
 */
function fourBits(
  row: Float32Array,
  begin: number,
  end: number,
  padded: number,
  quantised: Uint8Array,
): number {
  quantised.fill(zeroPoints[4] * 17, begin / 2, padded / 2);
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const value = row[i]!;
    if (Math.abs(value) > Math.abs(largest)) largest = value;
  }
  if (largest === 0) return 0;
  let [bestGain, bestInverse, bestScale] = [-1, 0, 0];
  for (const step of fourBitSteps) {
    const inverse = step / largest;
    let [products, squares] = [0, 0];
    for (let i = begin; i < end; i++) {
      const value = row[i]!;
      const steps = fourBitStep(value, inverse);
      products += value * steps;
      squares += steps * steps;
    }
    const gain = (products * products) / squares;
    if (gain > bestGain) [bestGain, bestInverse, bestScale] = [gain, inverse, products / squares];
  }
  for (let i = begin; i < end; i++) {
    const stored = fourBitStep(row[i]!, bestInverse) + zeroPoints[4];
    const at = i >> 1;
    quantised[at] =
      (i & 1) === 0 ? (quantised[at]! & 0xf0) | stored : (quantised[at]! & 0x0f) | (stored << 4);
  }
  return Math.fround(bestScale);
}

function fourBitStep(value: number, inverse: number): number {
  const stored = Math.floor(value * inverse + 8.5);
  return (stored < 0 ? 0 : stored > 15 ? 15 : stored) - 8;
}
