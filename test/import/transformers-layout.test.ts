import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attentionOperators, importCheckpoint } from '../../models/import/index.ts';
import type { AttentionOperator, WeightType } from '../../models/import/index.ts';
import { allCases, goldenFolder, imageCases, largestDifference, readGolden } from '../inference/golden.ts';
import { GraphRunner, pixelValues } from './graph-runner.ts';
import { TransformersRunner } from './transformers-runner.ts';

// Tolerances of the golden cases' FORMAT.md, for a float32 engine.
const logitsTolerance = 2e-3;
const featuresTolerance = 1e-3;

let folder: string;
const runners = new Map<string, TransformersRunner>();

function checkpointOf(name: string): string {
  return name.startsWith('5_') ? '5_untied_bf16_sharded' : 'model_tied';
}

async function runnerFor(
  name: string,
  attention: AttentionOperator,
  dtype: WeightType = 'fp32',
): Promise<TransformersRunner> {
  const key = `${checkpointOf(name)}-${attention}-${dtype}`;
  const known = runners.get(key);
  if (known) return known;
  const manifest = await importCheckpoint({
    checkpoint: join(goldenFolder, checkpointOf(name)),
    out: join(folder, key),
    dtype,
    layout: 'transformers',
    attention,
  });
  const runner = await TransformersRunner.open(join(folder, key), manifest);
  runners.set(key, runner);
  return runner;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'transformers-layout-'));
});

afterAll(async () => {
  for (const runner of runners.values()) await runner.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(attentionOperators)('graphs of the transformers layout with %s attention', (attention) => {
  it.each(allCases)('give what Hugging Face gives on golden case %s', async (name) => {
    const golden = readGolden(name);
    const runner = await runnerFor(name, attention);
    const features = imageCases.includes(name) ? await runner.imageFeatures(golden) : undefined;
    if (features) {
      expect(largestDifference(features, golden.floats('image_features'))).toBeLessThan(featuresTolerance);
    }
    runner.reset();
    const logits = await runner.decode([await runner.prompt(golden, features)], 0);
    expect(largestDifference(logits.data as Float32Array, golden.floats('logits'))).toBeLessThan(
      logitsTolerance,
    );
    const [ids] = await runner.generate(logits, [golden.firstDecodePosition], 32);
    expect(ids).toEqual(golden.integers('generated_ids'));
  });

  it('decode sequences of unlike lengths together, the shorter ones padded in front', async () => {
    const cases = ['1_tied_200x150', '3_text_only', '4_two_images'].map(readGolden);
    const runner = await runnerFor('1_tied_200x150', attention);
    const prompts = await Promise.all(
      cases.map((golden) =>
        runner.prompt(
          golden,
          golden.tensors.has('image_features') ? golden.floats('image_features') : undefined,
        ),
      ),
    );
    const longest = Math.max(...prompts.map(({ positions }) => positions.length));
    runner.reset();
    const logits = await runner.decode(
      prompts.map((prompt) => ({ ...prompt, padding: longest - prompt.positions.length })),
      1,
    );
    expect(logits.dims).toEqual([3, 1, runner.manifest.parameters.vocabularySize]);
    const generated = await runner.generate(
      logits,
      cases.map(({ firstDecodePosition }) => firstDecodePosition),
      32,
    );
    expect(generated).toEqual(cases.map((golden) => golden.integers('generated_ids')));
  });

  it.each([1, 7, 64])('give the same logits for a prompt in chunks of %i rows', async (chunk) => {
    const golden = readGolden('2b_224x224_exact');
    const runner = await runnerFor('2b_224x224_exact', attention);
    const { embeds, positions } = await runner.prompt(golden, golden.floats('image_features'));
    const { hiddenSize, vocabularySize } = runner.manifest.parameters;
    const expected = golden.floats('logits');
    runner.reset();
    for (let first = 0; first < positions.length; first += chunk) {
      const last = Math.min(first + chunk, positions.length);
      const rows = {
        embeds: embeds.subarray(first * hiddenSize, last * hiddenSize),
        positions: positions.slice(first, last),
        padding: 0,
      };
      const found = (await runner.decode([rows], 0)).data as Float32Array;
      const part = expected.subarray(first * vocabularySize, last * vocabularySize);
      expect(largestDifference(found, part)).toBeLessThan(logitsTolerance);
    }
  });

  it('return the logits of as many last rows as asked for: all for 0, at most all', async () => {
    const golden = readGolden('3_text_only');
    const runner = await runnerFor('3_text_only', attention);
    const prompt = await runner.prompt(golden);
    const all = golden.floats('logits');
    const rows = prompt.positions.length;
    for (const [keep, kept] of [
      [0, rows],
      [1, 1],
      [3, 3],
      [rows + 5, rows],
    ] as const) {
      runner.reset();
      const logits = await runner.decode([prompt], keep);
      expect(logits.dims[1]).toBe(kept);
      const last = all.subarray(all.length - kept * runner.manifest.parameters.vocabularySize);
      expect(largestDifference(logits.data as Float32Array, last)).toBeLessThan(logitsTolerance);
    }
  });
});

describe('the vision encoder of the transformers layout', () => {
  it('keeps images of unlike shapes in one run apart, and the frames of one image', async () => {
    const runner = await runnerFor('1_tied_200x150', 'concat');
    const cases = ['2c_wide_840x30', '2a_448x364', '2b_224x224_exact', '1_tied_200x150'].map(readGolden);
    const pixels = cases.flatMap((golden) => [...pixelValues(golden)]);
    const grids = cases.flatMap((golden) => golden.integers('image_grid_thw'));
    const expected = cases.flatMap((golden) => [...golden.floats('image_features')]);
    const together = await runner.encode(Float32Array.from(pixels), grids);
    expect(largestDifference(together, expected)).toBeLessThan(featuresTolerance);

    const wide = cases[0]!;
    const frame = pixelValues(wide);
    const [, height, width] = wide.integers('image_grid_thw') as [number, number, number];
    const clip = new Float32Array(2 * frame.length);
    clip.set(frame);
    clip.set(
      frame.map((value) => -value),
      frame.length,
    );
    const seen = await runner.encode(clip, [2, height, width]);
    const first = seen.subarray(0, seen.length / 2);
    expect(largestDifference(first, wide.floats('image_features'))).toBeLessThan(featuresTolerance);
    expect(largestDifference(first, seen.subarray(seen.length / 2))).toBeGreaterThan(0.1);
  });
});

// The same weights in the same precision: only the order of sums may differ, which quantised activations enlarge.
const kinds: [WeightType, suffix: string, features: number, logits: number][] = [
  ['fp16', '_fp16', 1e-3, 2e-3],
  ['q8', '_quantized', 0.1, 0.5],
  ['int4', '_q4', 0.1, 0.5],
];

describe.each(kinds)('the transformers layout as %s', (dtype, suffix, featureBound, logitBound) => {
  it("has the peers' file names, and gives what the workstation's own graphs give", async () => {
    const golden = readGolden('1_tied_200x150');
    const runner = await runnerFor('1_tied_200x150', 'concat', dtype);
    const names = ['decoder_model_merged', 'embed_tokens', 'vision_encoder'].flatMap((graph) => [
      `${graph}${suffix}.onnx`,
      `${graph}${suffix}.onnx_data`,
    ]);
    expect(readdirSync(join(folder, `model_tied-concat-${dtype}`, 'onnx')).sort()).toEqual(names);
    const manifest = await importCheckpoint({
      checkpoint: join(goldenFolder, 'model_tied'),
      out: join(folder, `own-${dtype}`),
      dtype,
    });
    const own = await GraphRunner.open(join(folder, `own-${dtype}`), manifest);
    try {
      const features = await runner.imageFeatures(golden);
      expect(largestDifference(features, await own.imageFeatures(golden))).toBeLessThan(featureBound);
      runner.reset();
      const logits = await runner.decode([await runner.prompt(golden, golden.floats('image_features'))], 0);
      const expected = await own.prefill(golden, golden.floats('image_features'));
      expect(largestDifference(logits.data as Float32Array, expected)).toBeLessThan(logitBound);
    } finally {
      await own.close();
    }
  });
});

describe('a folder of the transformers layout', () => {
  it('is one that its peers read without being told anything', async () => {
    const manifest = (await runnerFor('1_tied_200x150', 'concat')).manifest;
    const out = join(folder, 'model_tied-concat-fp32');
    const read = (name: string) =>
      JSON.parse(readFileSync(join(out, name), 'utf8')) as Record<string, unknown>;
    const config = read('config.json');
    expect(config['model_type']).toBe('qwen2_5_vl');
    expect(config['text_config']).toMatchObject({
      model_type: 'qwen2_5_vl_text',
      num_hidden_layers: manifest.parameters.layers,
      num_key_value_heads: manifest.parameters.keyValueHeads,
    });
    expect(config['vision_config']).toMatchObject({ spatial_merge_size: 2 });
    expect(config['transformers.js_config']).toEqual({
      use_external_data_format: {
        'decoder_model_merged.onnx': 1,
        'embed_tokens.onnx': 1,
        'vision_encoder.onnx': 1,
      },
    });
    expect(read('manifest.json')).toMatchObject({
      layout: 'transformers',
      graphs: { decoder: 'onnx/decoder_model_merged.onnx' },
    });
    expect(existsSync(join(out, 'preprocessor_config.json'))).toBe(true);
  });

  it.each(attentionOperators)(
    'is run by the engine, which tests that it sees, with %s attention',
    async (attention) => {
      const manifest = await importCheckpoint({
        checkpoint: fileURLToPath(new URL('../../models/nano', import.meta.url)),
        out: join(folder, `embedded-${attention}`),
        dtype: 'q8',
        layout: 'transformers',
        attention,
        selfTest: true,
      });
      expect(manifest.layout).toBe('transformers');
    },
  );

  it('counts the external files of graphs that have several', async () => {
    const out = join(folder, 'parts');
    await importCheckpoint({
      checkpoint: join(goldenFolder, 'model_tied'),
      out,
      dtype: 'fp32',
      layout: 'transformers',
      limits: { fileBytes: 100_000 },
    });
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as {
      'transformers.js_config': { use_external_data_format: Record<string, number> };
    };
    const counts = config['transformers.js_config'].use_external_data_format;
    const files = readdirSync(join(out, 'onnx')).filter((name) => name.includes('_data'));
    expect(counts['decoder_model_merged.onnx']).toBeGreaterThan(1);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(files.length);
  });
});
