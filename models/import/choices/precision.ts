/** How the matrices of an imported model are stored: from largest and most exact to smallest. */
export const weightTypes = ['fp32', 'fp16', 'q8', 'int4'] as const;
export type WeightType = (typeof weightTypes)[number];

/** Values of a row that share a scale. */
export const blockSizes = [32, 128] as const;
export type BlockSize = (typeof blockSizes)[number];

/** How one matrix is stored: as floats, or in blocks of a row's values with a 32-bit scale each. */
export type MatrixFormat =
  { kind: 'fp32' } | { kind: 'fp16' } | { kind: 'blocks'; bits: 4 | 8; blockSize: BlockSize };
export type BlockFormat = MatrixFormat & { kind: 'blocks' };

/** Norms, biases and the patch embedding are 32-bit floats in every model. */
export interface Precision {
  vision: MatrixFormat;
  /** The token embeddings, and the output matrix, which are one where they are tied. */
  vocabulary: MatrixFormat;
  layers: MatrixFormat;
}

/**
 * @param blockSize of int4; q8 has blocks of 32
 */
export function precisionOf(dtype: WeightType, blockSize: BlockSize): Precision {
  const eightBits: MatrixFormat = { kind: 'blocks', bits: 8, blockSize: 32 };
  switch (dtype) {
    case 'fp32':
    case 'fp16':
      return { vision: { kind: dtype }, vocabulary: { kind: dtype }, layers: { kind: dtype } };
    case 'q8':
      return { vision: eightBits, vocabulary: eightBits, layers: eightBits };
    case 'int4':
      // What the model sees decides its boxes, and the last product picks every word and number of an answer: both
      // keep 8 bits. On version 0.1.0 of the embedded model the boxes' mean IoU fell from 0.69 to 0.56 with all matrices in 4 bits,
      // and to 0.63 with the vocabulary in 8.
      return {
        vision: eightBits,
        vocabulary: eightBits,
        layers: { kind: 'blocks', bits: 4, blockSize },
      };
  }
}

/** Bytes that one row of a matrix takes. A last block that the row doesn't fill is padded. */
export function rowBytes(format: MatrixFormat, columns: number): { values: number; scales: number } {
  if (format.kind === 'fp32') return { values: columns * 4, scales: 0 };
  if (format.kind === 'fp16') return { values: columns * 2, scales: 0 };
  const blocks = Math.ceil(columns / format.blockSize);
  return { values: (blocks * format.blockSize * format.bits) / 8, scales: blocks * 4 };
}
