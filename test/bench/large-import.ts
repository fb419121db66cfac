import { randomFillSync } from 'node:crypto';
import {
  copyFileSync,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine } from '../../main/inference/index.ts';
import { importCheckpoint, weightTypes } from '../../models/import/index.ts';
import type { WeightType } from '../../models/import/index.ts';

/**
 * Time and peak memory of importing a checkpoint with the shapes of Qwen2.5-VL-3B, made on the spot with random
 * bf16 weights in shards and the embedded model's tokenizer, and of answering two questions on a frame with it:
 *
 *     node test/bench/large-import.ts --folder DIR [--depth 36] [--vision-depth 32] [--dtype int4] [--keep]
 *
 * DIR is made, takes 7.6 GB and the model's size at full depth, and is removed at the end unless --keep is given.
 */
const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    depth: { type: 'string', default: '36' },
    'vision-depth': { type: 'string', default: '32' },
    dtype: { type: 'string', default: 'int4' },
    keep: { type: 'boolean', default: false },
  },
});
const dtype = weightTypes.find((known): known is WeightType => known === options.dtype);
if (options.folder === undefined || dtype === undefined) {
  console.error(`Usage: node test/bench/large-import.ts --folder DIR [--dtype ${weightTypes.join('|')}]`);
  process.exit(2);
}
const folder = options.folder;
const [depth, visionDepth] = [Number(options.depth), Number(options['vision-depth'])];
const shardBytes = 4e9;
/** Vocabulary, special tokens and chat template of the embedded model: random weights can write with any. */
const tokenizerFolder = fileURLToPath(new URL('../../models/nano/', import.meta.url));

const [hidden, intermediate, keyValues, vocabulary] = [2048, 11_008, 256, 151_936];
const [visionHidden, visionIntermediate] = [1280, 3420];

function* shapes(): Generator<[name: string, shape: number[]]> {
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

/** bf16 values between about 0.008 and 0.03 in size, of either sign. */
function randomWeights(bytes: number): Buffer {
  const buffer = randomFillSync(Buffer.alloc(bytes));
  for (let at = 1; at < bytes; at += 2) buffer[at] = 0x3c | (buffer[at]! & 0x80);
  return buffer;
}

async function writeCheckpoint(checkpoint: string): Promise<number> {
  mkdirSync(checkpoint, { recursive: true });
  const shards: [string, number[]][][] = [[]];
  let size = 0;
  for (const [name, shape] of shapes()) {
    if (size + bytesOf(shape) > shardBytes) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push([name, shape]);
    size += bytesOf(shape);
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
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(configuration()));
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(join(tokenizerFolder, name), join(checkpoint, name));
  }
  const processor = readJson('preprocessor_config.json');
  // 500 tokens a frame, what a machine without a GPU is usually given.
  writeFileSync(
    join(checkpoint, 'preprocessor_config.json'),
    JSON.stringify({ ...processor, max_pixels: 401_408 }),
  );
  return total;
}

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(tokenizerFolder, name), 'utf8')) as Record<string, unknown>;
}

function configuration() {
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

/** Loads the model in a process of its own, as the workstation does, and asks twice on one frame. */
async function ask(directory: string): Promise<void> {
  const engine = createEngine({ log: (line) => console.error(line) });
  try {
    const begin = performance.now();
    const info = await engine.load({ directory, device: 'cpu' });
    console.log(`loaded in  ${((performance.now() - begin) / 1000).toFixed(0)} s on ${info.device}`);
    const [width, height] = [1280, 1024];
    const rgb = randomFillSync(new Uint8Array(width * height * 3));
    for (const question of ['What is the state of the suction?', 'Where is the suction?']) {
      const answer = await engine.ask({
        frame: { rgb, width, height, hash: 'random pixels' },
        question,
        settings: { maxNewTokens: 192 },
      });
      const { tokens, timings } = answer;
      const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
      console.log(
        `${answer.status}: ${tokens.prompt} tokens of prompt, ${tokens.generated} written; ` +
          `vision ${seconds(timings.visionMilliseconds)}, prefill ${seconds(timings.prefillMilliseconds)}, ` +
          `decode ${seconds(timings.decodeMilliseconds)}, in all ${seconds(timings.totalMilliseconds)}`,
      );
    }
    if (process.platform !== 'linux') return;
    const status = readFileSync(`/proc/${engine.processId}/status`, 'utf8');
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    console.log(`peak memory of the engine's process  ${gigabytes(peak)}`);
  } finally {
    await engine.dispose();
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

try {
  const checkpoint = join(folder, 'checkpoint');
  console.log(
    `checkpoint  ${gigabytes(await writeCheckpoint(checkpoint))}, ${depth} + ${visionDepth} layers, bf16`,
  );
  console.log(`peak memory before the import  ${gigabytes(process.resourceUsage().maxRSS * 1024)}`);
  const begin = performance.now();
  let shown = begin;
  const manifest = await importCheckpoint({
    checkpoint,
    out: join(folder, 'model'),
    dtype,
    onProgress: ({ done, total, secondsLeft }) => {
      if (performance.now() - shown < 15_000) return;
      shown = performance.now();
      const left = secondsLeft === null ? '' : `, ${secondsLeft.toFixed(0)} s left`;
      console.log(`  ${gigabytes(done)} of ${gigabytes(total)}${left}`);
    },
  });
  const files = Object.entries(manifest.files).filter(([name]) => name.includes('_data'));
  const largest = Math.max(...files.map(([, { bytes }]) => bytes));
  console.log(`model  ${gigabytes(files.reduce((sum, [, { bytes }]) => sum + bytes, 0))} as ${dtype}`);
  console.log(`largest of ${files.length} files  ${gigabytes(largest)}`);
  console.log(`time  ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  console.log(`peak memory of the import  ${gigabytes(process.resourceUsage().maxRSS * 1024)}`);
  rmSync(checkpoint, { recursive: true, force: true });
  await ask(join(folder, 'model'));
} finally {
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}
