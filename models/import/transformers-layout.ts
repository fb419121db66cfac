import { join } from 'node:path';
import { readJson } from './configuration.ts';
import type { WeightType } from './choices/precision.ts';

/** Graph files of the transformers.js layout, in `onnx/`. */
export type TransformersGraph = 'vision_encoder' | 'embed_tokens' | 'decoder_model_merged';

/** What transformers.js adds to a graph's name for each of its `dtype`s. */
const suffixes: Record<WeightType, string> = { fp32: '', fp16: '_fp16', q8: '_quantized', int4: '_q4' };

/** transformers.js's own names for the weight types: its `dtype` option. */
export const transformersTypes = {
  fp32: 'fp32',
  fp16: 'fp16',
  q8: 'q8',
  int4: 'q4',
} as const satisfies Record<WeightType, string>;

/** What of a config.json with everything at the top level doesn't speak of the language model. */
const notOfText = new Set(['architectures', 'transformers_version', 'vision_config']);

export function transformersFile(graph: TransformersGraph, dtype: WeightType): string {
  return `${graph}${suffixes[dtype]}.onnx`;
}

/**
 * A checkpoint's config.json as transformers.js reads it: the language model's part under `text_config` (a
 * checkpoint from before transformers 4.52 has it at the top level alone), and how many external files each graph
 * has, which a browser could not find out.
 *
 * @param files of external data, by their names in `onnx/`
 */
export async function transformersConfig(folder: string, files: readonly string[]): Promise<string> {
  const top = (await readJson(join(folder, 'config.json'))) as Record<string, unknown>;
  const chunks: Record<string, number> = {};
  for (const name of files) {
    const graph = name.replace(/_data(_\d+)?$/, '');
    chunks[graph] = (chunks[graph] ?? 0) + 1;
  }
  const text = Object.entries(top).filter(([name]) => !notOfText.has(name));
  return `${JSON.stringify(
    {
      ...top,
      text_config: top['text_config'] ?? { ...Object.fromEntries(text), model_type: 'qwen2_5_vl_text' },
      'transformers.js_config': { use_external_data_format: chunks },
    },
    null,
    2,
  )}\n`;
}
