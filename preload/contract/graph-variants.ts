import type { WeightDtype } from './models.ts';

/** The suffixes of transformers.js, and the weights that they stand for. */
export const graphVariants = {
  '': { dtype: 'fp32', words: 'fp32' },
  _fp16: { dtype: 'fp16', words: 'fp16' },
  _quantized: { dtype: 'q8', words: 'q8' },
  _int8: { dtype: 'q8', words: 'int8' },
  _uint8: { dtype: 'q8', words: 'uint8' },
  _q4: { dtype: 'int4', words: 'q4' },
  _q4f16: { dtype: 'int4', words: 'q4f16' },
  _bnb4: { dtype: 'int4', words: 'bnb4' },
} as const satisfies Record<string, { dtype: WeightDtype; words: string }>;
export type GraphVariant = keyof typeof graphVariants;

/** The names by which a person may call them. */
export const variantNames = Object.values(graphVariants).map(({ words }) => words);
