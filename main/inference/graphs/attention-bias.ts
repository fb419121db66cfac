import type { DecoderInput } from './model-graphs.ts';
import { maskedScore } from './window-layout.ts';

/**
 * Scores to add, `[tokens, maskedRows + length + tokens]`, for new tokens behind `length` others. Masked rows, which
 * may stand before all of them, are seen by none.
 */
export function attentionBias(
  { tokens, attention }: Pick<DecoderInput, 'tokens' | 'attention'>,
  length: number,
  maskedRows = 0,
): Float32Array {
  if (attention !== null && maskedRows === 0) return attention;
  const width = length + tokens;
  const bias = new Float32Array(tokens * (maskedRows + width));
  for (let row = 0; row < tokens; row += 1) {
    const at = row * (maskedRows + width);
    bias.fill(maskedScore, at, at + maskedRows);
    if (attention === null)
      bias.fill(maskedScore, at + maskedRows + length + row + 1, at + maskedRows + width);
    else bias.set(attention.subarray(row * width, (row + 1) * width), at + maskedRows);
  }
  return bias;
}
