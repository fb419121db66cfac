import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
import type { ImportOptions, ImportProgress } from '../../models/import/index.ts';
import { float16Values, toFloat16 } from '../../main/inference/onnx/float16.ts';
import { quantiseRow } from '../../models/import/quantisation.ts';
import { ModelManifest } from '../../preload/contract/model.ts';
import { CheckpointBench, changeJson, changeTensors, renameTensors } from './checkpoint-files.ts';
import type { RawTensor } from './checkpoint-files.ts';

const bench = new CheckpointBench();
afterAll(() => bench.remove());

async function importFrom(checkpoint: string, dtype: 'fp32' | 'q8' = 'fp32') {
  const out = bench.path('model');
  const manifest = await importCheckpoint({ checkpoint, out, dtype });
  return { out, manifest };
}

/** Hashes of the graphs and their weights. */
function graphHashes(manifest: ModelManifest): Record<string, string> {
  const graphs = Object.entries(manifest.files).filter(([name]) => name.startsWith('onnx/'));
  return Object.fromEntries(graphs.map(([name, { sha256 }]) => [name, sha256]));
}

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

describe('an imported model', () => {
  it('has a manifest that says what it is, with the hash of every file', async () => {
    const checkpoint = bench.copy('5_untied_bf16_sharded');
    const { out, manifest } = await importFrom(checkpoint);
    expect(ModelManifest.parse(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')))).toEqual(
      manifest,
    );
    for (const [name, { sha256: hash, bytes }] of Object.entries(manifest.files)) {
      const content = readFileSync(join(out, name));
      expect([name, sha256(content), content.length]).toEqual([name, hash, bytes]);
    }
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const whole = Buffer.concat(shards.map((name) => readFileSync(join(checkpoint, name))));
    expect(manifest.source.sha256).toBe(sha256(whole));
    expect(manifest).toMatchObject({
      kind: 'imported',
      architecture: 'qwen2_5_vl',
      domain: 'unknown',
      coordinateSpace: 'resized-pixels',
      answerFormat: 'qwen-bbox-list',
      tokenizer: false,
      parameters: {
        hiddenSize: 64,
        layers: 3,
        heads: 4,
        keyValueHeads: 2,
        headSize: 16,
        ropeTheta: 1e6,
        mropeSection: [2, 3, 3],
        tokens: { image: 505, visionStart: 502, visionEnd: 503, end: [501] },
        vision: { headSize: 16, windowUnits: 4, windowRows: 64, ropeTheta: 10_000 },
      },
    });
  });

  it('writes its answers as it is asked to say, else as is said beside it, else as its template lets expect', async () => {
    const formatOf = async (checkpoint: string, options: Partial<ImportOptions> = {}) => {
      const out = bench.path('model');
      return (await importCheckpoint({ checkpoint, out, dtype: 'fp32', ...options })).answerFormat;
    };
    const checkpoint = bench.copy();
    expect(await formatOf(checkpoint)).toBe('qwen-bbox-list');
    writeFileSync(join(checkpoint, 'chat_template.jinja'), '{# <think></think><answer></answer> #}');
    expect(await formatOf(checkpoint)).toBe('think-answer-json');
    const said = { answerFormat: 'json', name: 'Said of it', domain: 'surgical', variant: '_q4' };
    writeFileSync(join(checkpoint, 'surgery-r1.json'), JSON.stringify(said));
    expect(await formatOf(checkpoint, { answerFormat: 'none' })).toBe('none');
    const { manifest } = await importFrom(checkpoint);
    expect(manifest).toMatchObject({ answerFormat: 'json', name: 'Said of it', domain: 'surgical' });
    expect(manifest).not.toHaveProperty('variant');
    writeFileSync(join(checkpoint, 'surgery-r1.json'), '{"answerForm": "json"}');
    expect((await bench.refusal(checkpoint)).message).toMatch(/^surgery-r1\.json .*answerForm/);
  });

  it('is the same, byte for byte, when imported again', async () => {
    const [first, second] = [await importFrom(bench.copy()), await importFrom(bench.copy())];
    expect(graphHashes(first.manifest)).toEqual(graphHashes(second.manifest));
  });

  it('stores tied embeddings once', async () => {
    const { manifest } = await importFrom(bench.copy());
    const untied = await importFrom(bench.copy('5_untied_bf16_sharded'));
    const matrix = 512 * 64 * 4;
    const bytes = (model: ModelManifest) => model.files['onnx/decoder.onnx_data']!.bytes;
    expect(bytes(untied.manifest) - bytes(manifest)).toBe(matrix);
    expect(manifest.files['onnx/embed_tokens.onnx_data']!.bytes).toBe(matrix);
  });

  it('keeps every token that ends an answer, from both configurations', async () => {
    const checkpoint = bench.copy();
    writeFileSync(join(checkpoint, 'generation_config.json'), '{"eos_token_id": [500, 501]}');
    const { manifest } = await importFrom(checkpoint);
    expect(manifest.parameters.tokens.end).toEqual([500, 501]);
    expect(Object.keys(manifest.files)).toContain('generation_config.json');
  });

  it('takes a quarter of the space or a little more in 8 bits', async () => {
    const bytes = ({ files }: ModelManifest) =>
      Object.entries(files).reduce((sum, [name, file]) => sum + (name.endsWith('_data') ? file.bytes : 0), 0);
    const checkpoint = bench.copy();
    const [whole, small] = [await importFrom(checkpoint), await importFrom(checkpoint, 'q8')];
    // The patch embedding stays in 32 bits, and this model is so small that it weighs.
    const patches = 32 * 1176 * 4;
    expect((bytes(small.manifest) - patches) / (bytes(whole.manifest) - patches)).toBeLessThan(0.32);
  });

  it('clears what a killed import left, and nothing of one that still runs', async () => {
    const out = bench.path('model');
    const killed = spawnSync(process.execPath, ['-e', '']).pid;
    const [abandoned, running] = [
      `${out}.importing-${killed}-0a0b0c0d`,
      `${out}.importing-${process.pid}-0a0b0c0d`,
    ];
    for (const folder of [abandoned, running]) mkdirSync(join(folder, 'onnx'), { recursive: true });
    await importCheckpoint({ checkpoint: bench.copy(), out, dtype: 'fp32' });
    expect([abandoned, running, out].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  });

  it('reports progress that only grows and ends at the total', async () => {
    const seen: ImportProgress[] = [];
    await importCheckpoint({
      checkpoint: bench.copy(),
      out: bench.path('model'),
      dtype: 'fp32',
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(new Set(seen.map(({ total }) => total)).size).toBe(1);
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
  });
});

describe('checkpoints of every layout give the same graphs', () => {
  it('names and configuration as saved since transformers 4.52', async () => {
    const before = await importFrom(bench.copy());
    const checkpoint = bench.copy();
    renameTensors(checkpoint);
    changeJson(join(checkpoint, 'config.json'), (json) => {
      const { rope_scaling, rope_theta, architectures, model_type, vision_config, ...text } = json;
      for (const key of Object.keys(json)) delete json[key];
      const { image_token_id, vision_start_token_id, vision_end_token_id } = text;
      const tokens = { image_token_id, vision_start_token_id, vision_end_token_id };
      const rope_parameters = { rope_theta, ...(rope_scaling as object) };
      Object.assign(json, { architectures, model_type, vision_config, ...tokens });
      json['text_config'] = { ...text, rope_parameters };
    });
    const after = await importFrom(checkpoint);
    expect(graphHashes(after.manifest)).toEqual(graphHashes(before.manifest));
    expect(after.manifest.parameters).toEqual(before.manifest.parameters);
  });

  it('an output matrix beside tied embeddings is passed over, as Hugging Face does', async () => {
    const checkpoint = bench.copy();
    changeTensors(checkpoint, (tensors) => {
      const embeddings = tensors.get('model.embed_tokens.weight')!;
      return tensors.set('lm_head.weight', { ...embeddings, bytes: Buffer.alloc(embeddings.bytes.length) });
    });
    const { manifest } = await importFrom(checkpoint);
    expect(graphHashes(manifest)).toEqual(graphHashes((await importFrom(bench.copy())).manifest));
  });

  it('half floats are widened exactly', async () => {
    const [halves, singles] = [bench.copy(), bench.copy()];
    changeTensors(halves, (tensors) => mapValues(tensors, toHalf));
    changeTensors(singles, (tensors) => mapValues(mapValues(tensors, toHalf), fromHalf));
    const hashes = graphHashes((await importFrom(halves)).manifest);
    expect(hashes).toEqual(graphHashes((await importFrom(singles)).manifest));
    expect(hashes).not.toEqual(graphHashes((await importFrom(bench.copy())).manifest));
  });

  it('one file or several', async () => {
    const [whole, sharded] = [bench.copy(), bench.copy()];
    const weightMap: Record<string, string> = {};
    const file = join(sharded, 'model.safetensors');
    changeTensors(sharded, (tensors) => {
      for (const name of tensors.keys()) weightMap[name] = 'model-00001-of-00001.safetensors';
      return tensors;
    });
    renameSync(file, join(sharded, 'model-00001-of-00001.safetensors'));
    rmSync(file, { force: true });
    changeJson(
      join(sharded, 'model.safetensors.index.json'),
      (json) => void (json['weight_map'] = weightMap),
    );
    const hashes = graphHashes((await importFrom(whole)).manifest);
    expect(graphHashes((await importFrom(sharded)).manifest)).toEqual(hashes);
  });
});

const eightBits = { bits: 8, blockSize: 32 } as const;

describe('quantisation to 8 bits', () => {
  it('is at most half a step off, with a scale for every 32 values', () => {
    const row = Float32Array.from({ length: 80 }, (_, i) => Math.sin(i * 1.7) * (i < 32 ? 1 : 100));
    const quantised = new Uint8Array(96);
    const scales = new Float32Array(3);
    quantiseRow(row, eightBits, quantised, scales);
    expect(scales[0]!).toBeLessThan(scales[1]! / 50);
    row.forEach((value, i) => {
      const scale = scales[Math.floor(i / 32)]!;
      expect(Math.abs((quantised[i]! - 128) * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
    });
    expect(quantised.subarray(80)).toEqual(new Uint8Array(16).fill(128));
  });

  it('keeps a block of zeros', () => {
    const quantised = new Uint8Array(32);
    const scales = new Float32Array(1);
    quantiseRow(new Float32Array(32), eightBits, quantised, scales);
    expect(quantised).toEqual(new Uint8Array(32).fill(128));
    expect(scales[0]).toBe(0);
  });
});

describe('quantisation to 4 bits', () => {
  const row = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * 1.7) * (i < 128 ? 1 : 50));
  const stored = (quantised: Uint8Array, i: number) => (quantised[i >> 1]! >> (4 * (i & 1))) & 15;

  function squaredError(blockSize: 32 | 128): number {
    const blocks = Math.ceil(row.length / blockSize);
    const quantised = new Uint8Array((blocks * blockSize) / 2);
    const scales = new Float32Array(blocks);
    quantiseRow(row, { bits: 4, blockSize }, quantised, scales);
    for (let i = row.length; i < blocks * blockSize; i++) expect(stored(quantised, i)).toBe(8);
    return row.reduce((sum, value, i) => {
      const back = (stored(quantised, i) - 8) * scales[Math.floor(i / blockSize)]!;
      return sum + (back - value) ** 2;
    }, 0);
  }

  it('errs less than with the largest magnitude at 7, and less in smaller blocks', () => {
    let plain = 0;
    for (let begin = 0; begin < row.length; begin += 32) {
      const block = row.subarray(begin, begin + 32);
      const scale = Math.max(...block.map(Math.abs)) / 7;
      plain += block.reduce((sum, value) => sum + (Math.round(value / scale) * scale - value) ** 2, 0);
    }
    expect(squaredError(32)).toBeLessThan(0.95 * plain);
    expect(squaredError(32)).toBeLessThan(squaredError(128));
  });

  it('keeps a block of zeros, and a block of one value', () => {
    const quantised = new Uint8Array(32);
    const scales = new Float32Array(2);
    const constant = new Float32Array(64).fill(-0.375, 32);
    quantiseRow(constant, { bits: 4, blockSize: 32 }, quantised, scales);
    expect([stored(quantised, 5), scales[0]]).toEqual([8, 0]);
    expect((stored(quantised, 40) - 8) * scales[1]!).toBeCloseTo(-0.375, 6);
  });
});

describe('rounding to half floats', () => {
  it('is what a half float can hold, to the nearest and half to even', () => {
    const cases: [number, number][] = [
      [1, 0x3c00],
      [-2.5, 0xc100],
      [65_504, 0x7bff],
      [65_519, 0x7bff],
      [2 ** -24, 1],
      [2 ** -25, 0],
      [3 * 2 ** -25, 2],
      [2 ** -14 - 2 ** -26, 0x400],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [-0, 0x8000],
    ];
    const halves = new Uint16Array(cases.length);
    expect(
      toFloat16(
        Float32Array.from(cases, ([value]) => value),
        halves,
      ),
    ).toBe(-1);
    expect([...halves]).toEqual(cases.map(([, bits]) => bits));
    expect(toFloat16(Float32Array.of(1, 65_520), halves)).toBe(1);
  });

  it('gives back every half float there is', () => {
    const values = float16Values().filter(Number.isFinite);
    const halves = new Uint16Array(values.length);
    toFloat16(values, halves);
    const back = Float32Array.from(halves, (bits) => float16Values()[bits]!);
    expect(Buffer.from(back.buffer).equals(Buffer.from(values.buffer))).toBe(true);
  });
});

function mapValues(
  tensors: ReadonlyMap<string, RawTensor>,
  change: (tensor: RawTensor) => RawTensor,
): Map<string, RawTensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, change(tensor)]));
}

/** Cuts the fraction to 10 bits; values below the smallest normal half become 0. */
function toHalf(tensor: RawTensor): RawTensor {
  const count = tensor.bytes.length / 4;
  const bytes = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i++) {
    const bits = tensor.bytes.readUInt32LE(4 * i);
    const exponent = ((bits >>> 23) & 0xff) - 112;
    const half = exponent > 0 ? ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff) : 0;
    bytes.writeUInt16LE(half, 2 * i);
  }
  return { ...tensor, dtype: 'F16', bytes };
}

function fromHalf(tensor: RawTensor): RawTensor {
  const count = tensor.bytes.length / 2;
  const bytes = Buffer.alloc(count * 4);
  for (let i = 0; i < count; i++) {
    const half = tensor.bytes.readUInt16LE(2 * i);
    const exponent = (half >>> 10) & 0x1f;
    const bits = exponent
      ? (((half & 0x8000) << 16) | ((exponent + 112) << 23) | ((half & 0x3ff) << 13)) >>> 0
      : 0;
    bytes.writeUInt32LE(bits, 4 * i);
  }
  return { ...tensor, dtype: 'F32', bytes };
}
