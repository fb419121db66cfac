/** Values of a row that share a scale. */
export const blockSize = 32;
/** The stored value that stands for 0; what MatMulNBits takes for 8 bits when no zero points are given. */
export const zeroPoint = 128;

/**
 * Quantises one row of a matrix to 8 bits, in blocks of 32 with a scale each: value = (stored - 128) * scale,
 * the scale being the block's largest magnitude / 127. A last block that the row doesn't fill is padded with 0.
 *
 * @param row [columns]
 * @param quantised [blocks * 32], filled here
 * @param scales [blocks], filled here
 */
export function quantiseRow(row: Float32Array, quantised: Uint8Array, scales: Float32Array): void {
  quantised.fill(zeroPoint);
  for (let block = 0; block < scales.length; block++) {
    const begin = block * blockSize;
    const end = Math.min(begin + blockSize, row.length);
    let largest = 0;
    for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(row[i]!));
    // In float32, as the runtime will multiply with it.
    const scale = Math.fround(largest / 127);
    scales[block] = scale;
    if (scale === 0) continue;
    for (let i = begin; i < end; i++) {
      const steps = Math.round(row[i]! / scale);
      quantised[i] = zeroPoint + Math.max(-127, Math.min(127, steps));
    }
  }
}
