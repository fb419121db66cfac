import { createCipheriv } from 'node:crypto';
import { copyFileSync, createWriteStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Vocabulary, special tokens and chat template of the embedded model: random weights can write with any. */
const tokenizerFolder = fileURLToPath(new URL('../../models/nano/', import.meta.url));
const shardBytes = 4e9;
const [hidden, intermediate, keyValues] = [2048, 11_008, 256];
const [visionHidden, visionIntermediate] = [1280, 3420];

/** How much of a Qwen2.5-VL-3B there is; its layers have the real one's shapes. */
export interface RandomCheckpoint {
  /** 36 in the real one. */
  depth: number;
  /** 32 in the real one. */
  visionDepth: number;
  /** 151,936 in the real one. */
  vocabulary: number;
  /** Of a frame as the model gets it; 500 tokens, what a machine without a GPU is usually given, by default. */
  maxPixels?: number;
}

function* shapes({
  depth,
  visionDepth,
  vocabulary,
}: RandomCheckpoint): Generator<[name: string, shape: number[]]> {
  yield ['model.embed_tokens.weight', [vocabulary, hidden]];
  for (let layer = 0; layer < depth; layer++) {
    const prefix = `model.layers.${layer}`;
    yield [`${prefix}.input_layernorm.weight`, [hidden]];
    yield [`${prefix}.post_attention_layernorm.weight`, [hidden]];
    for (const [name, rows] of [
      ['q', hidden],
      ['k', keyValues],
      ['v', keyValues],
    ] as const) {
      yield [`${prefix}.self_attn.${name}_proj.weight`, [rows, hidden]];
      yield [`${prefix}.self_attn.${name}_proj.bias`, [rows]];
    }
    yield [`${prefix}.self_attn.o_proj.weight`, [hidden, hidden]];
    yield [`${prefix}.mlp.gate_proj.weight`, [intermediate, hidden]];
    yield [`${prefix}.mlp.up_proj.weight`, [intermediate, hidden]];
    yield [`${prefix}.mlp.down_proj.weight`, [hidden, intermediate]];
  }
  yield ['model.norm.weight', [hidden]];
  yield ['visual.patch_embed.proj.weight', [visionHidden, 3, 2, 14, 14]];
  for (let layer = 0; layer < visionDepth; layer++) {
    const prefix = `visual.blocks.${layer}`;
    for (const norm of ['norm1', 'norm2']) yield [`${prefix}.${norm}.weight`, [visionHidden]];
    for (const [name, rows, columns] of [
      ['attn.qkv', 3 * visionHidden, visionHidden],
      ['attn.proj', visionHidden, visionHidden],
      ['mlp.gate_proj', visionIntermediate, visionHidden],
      ['mlp.up_proj', visionIntermediate, visionHidden],
      ['mlp.down_proj', visionHidden, visionIntermediate],
    ] as const) {
      yield [`${prefix}.${name}.weight`, [rows, columns]];
      yield [`${prefix}.${name}.bias`, [rows]];
    }
  }
  yield ['visual.merger.ln_q.weight', [visionHidden]];
  for (const [index, rows] of [
    [0, 4 * visionHidden],
    [2, hidden],
  ] as const) {
    yield [`visual.merger.mlp.${index}.weight`, [rows, 4 * visionHidden]];
    yield [`visual.merger.mlp.${index}.bias`, [rows]];
  }
}

const bytesOf = (shape: number[]): number => 2 * shape.reduce((product, size) => product * size, 1);

/** bf16 values between about 0.008 and 0.03 in size, of either sign; the same at every call. */
function randomWeights(bytes: number): Buffer {
  const buffer = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
    Buffer.alloc(bytes),
  );
  for (let at = 1; at < bytes; at += 2) buffer[at] = 0x3c | (buffer[at]! & 0x80);
  return buffer;
}

/**
 * Writes a checkpoint with the layer shapes of Qwen2.5-VL-3B: random bf16 weights in shards, and the embedded
 * model's tokenizer.
 *
 * @returns bytes of the shards
 */
export async function writeRandomCheckpoint(checkpoint: string, size: RandomCheckpoint): Promise<number> {
  mkdirSync(checkpoint, { recursive: true });
  const shards: [string, number[]][][] = [[]];
  let shardSize = 0;
  for (const [name, shape] of shapes(size)) {
    if (shardSize + bytesOf(shape) > shardBytes) {
      shards.push([]);
      shardSize = 0;
    }
    shards.at(-1)!.push([name, shape]);
    shardSize += bytesOf(shape);
  }
  const weights = randomWeights(64 * 1024 * 1024);
  const weightMap: Record<string, string> = {};
  let total = 0;
  for (const [index, shard] of shards.entries()) {
    const number = (value: number) => String(value).padStart(5, '0');
    const name = `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
    const header: Record<string, unknown> = {};
    let offset = 0;
    for (const [tensor, shape] of shard) {
      header[tensor] = { dtype: 'BF16', shape, data_offsets: [offset, offset + bytesOf(shape)] };
      weightMap[tensor] = name;
      offset += bytesOf(shape);
    }
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const stream = createWriteStream(join(checkpoint, name));
    stream.write(Buffer.concat([length, text]));
    for (let left = offset; left > 0; left -= weights.length) {
      if (!stream.write(left < weights.length ? weights.subarray(0, left) : weights))
        await once(stream, 'drain');
    }
    stream.end();
    await once(stream, 'finish');
    total += statSync(join(checkpoint, name)).size;
  }
  writeFileSync(join(checkpoint, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(configuration(size)));
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(join(tokenizerFolder, name), join(checkpoint, name));
  }
  const processor = readJson('preprocessor_config.json');
  writeFileSync(
    join(checkpoint, 'preprocessor_config.json'),
    JSON.stringify({ ...processor, max_pixels: size.maxPixels ?? 401_408 }),
  );
  return total;
}

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(tokenizerFolder, name), 'utf8')) as Record<string, unknown>;
}

function configuration({ depth, visionDepth, vocabulary }: RandomCheckpoint) {
  const tokens = Object.entries(readJson('config.json')).filter(([name]) => name.endsWith('_token_id'));
  return {
    ...Object.fromEntries(tokens),
    architectures: ['Qwen2_5_VLForConditionalGeneration'],
    model_type: 'qwen2_5_vl',
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: depth,
    num_attention_heads: 16,
    num_key_value_heads: 2,
    rms_norm_eps: 1e-6,
    rope_theta: 1e6,
    rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
    max_position_embeddings: 128_000,
    vocab_size: vocabulary,
    tie_word_embeddings: true,
    vision_config: {
      depth: visionDepth,
      hidden_size: visionHidden,
      intermediate_size: visionIntermediate,
      num_heads: 16,
      out_hidden_size: hidden,
      fullatt_block_indexes: [7, 15, 23, 31].filter((layer) => layer < visionDepth),
    },
  };
}
