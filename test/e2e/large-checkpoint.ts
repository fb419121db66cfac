import {
  cpSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { repository } from './host.ts';

/**
 * Writes the folder of a Qwen2.5-VL of 7 billion parameters: its configuration, its index, and weight files with their
 * real headers and holes in place of 16.6 GB of numbers, which take no room where files may have holes. Enough to see
 * what an import would need; not to be imported.
 */
export function writeLargeCheckpoint(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const embedded = join(repository, 'models', 'nano');
  for (const name of [
    'generation_config.json',
    'preprocessor_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]) {
    cpSync(join(embedded, name), join(folder, name));
  }
  const config = JSON.parse(readFileSync(join(embedded, 'config.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      ...config,
      hidden_size: hidden,
      intermediate_size: intermediate,
      num_hidden_layers: layers,
      num_attention_heads: 28,
      num_key_value_heads: 4,
      vocab_size: vocabulary,
      rope_theta: 1_000_000,
      max_position_embeddings: 128_000,
      tie_word_embeddings: false,
      rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
      vision_config: {
        ...(config['vision_config'] as object),
        hidden_size: vision,
        intermediate_size: visionIntermediate,
        num_heads: 16,
        depth: visionLayers,
        out_hidden_size: hidden,
        fullatt_block_indexes: [7, 15, 23, 31],
      },
    }),
  );
  const tensors = Object.entries(shapes());
  const weightMap: Record<string, string> = {};
  const files = 5;
  for (let file = 0; file < files; file += 1) {
    const name = `model-0000${file + 1}-of-0000${files}.safetensors`;
    const held = tensors.filter((_, index) => index % files === file);
    for (const [tensor] of held) weightMap[tensor] = name;
    writeHeader(join(folder, name), held);
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

const hidden = 3584;
const intermediate = 18_944;
const layers = 28;
const keyValues = 512;
const vocabulary = 152_064;
const vision = 1280;
const visionIntermediate = 3420;
const visionLayers = 32;

function shapes(): Record<string, number[]> {
  const all: Record<string, number[]> = {
    'lm_head.weight': [vocabulary, hidden],
    'model.embed_tokens.weight': [vocabulary, hidden],
    'model.norm.weight': [hidden],
    'visual.patch_embed.proj.weight': [vision, 3, 2, 14, 14],
    'visual.merger.ln_q.weight': [vision],
    ...linear('visual.merger.mlp.0', 4 * vision, 4 * vision),
    ...linear('visual.merger.mlp.2', hidden, 4 * vision),
  };
  for (let layer = 0; layer < layers; layer += 1) {
    const name = `model.layers.${layer}`;
    Object.assign(all, linear(`${name}.self_attn.q_proj`, hidden, hidden), {
      ...linear(`${name}.self_attn.k_proj`, keyValues, hidden),
      ...linear(`${name}.self_attn.v_proj`, keyValues, hidden),
      [`${name}.self_attn.o_proj.weight`]: [hidden, hidden],
      [`${name}.mlp.gate_proj.weight`]: [intermediate, hidden],
      [`${name}.mlp.up_proj.weight`]: [intermediate, hidden],
      [`${name}.mlp.down_proj.weight`]: [hidden, intermediate],
      [`${name}.input_layernorm.weight`]: [hidden],
      [`${name}.post_attention_layernorm.weight`]: [hidden],
    });
  }
  for (let layer = 0; layer < visionLayers; layer += 1) {
    const name = `visual.blocks.${layer}`;
    Object.assign(all, linear(`${name}.attn.qkv`, 3 * vision, vision), {
      ...linear(`${name}.attn.proj`, vision, vision),
      ...linear(`${name}.mlp.gate_proj`, visionIntermediate, vision),
      ...linear(`${name}.mlp.up_proj`, visionIntermediate, vision),
      ...linear(`${name}.mlp.down_proj`, vision, visionIntermediate),
      [`${name}.norm1.weight`]: [vision],
      [`${name}.norm2.weight`]: [vision],
    });
  }
  return all;
}

const linear = (name: string, rows: number, columns: number): Record<string, number[]> => ({
  [`${name}.weight`]: [rows, columns],
  [`${name}.bias`]: [rows],
});

function writeHeader(path: string, tensors: readonly [string, number[]][]): void {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of tensors) {
    const start = end;
    end += 2 * shape.reduce((product, side) => product * side, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [start, end] };
  }
  const text = JSON.stringify(header);
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  const file = openSync(path, 'w');
  writeSync(file, length);
  writeSync(file, bytes);
  ftruncateSync(file, 8 + bytes.length + end);
  closeSync(file);
}
