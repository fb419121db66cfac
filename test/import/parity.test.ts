import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
import { allCases, goldenFolder, imageCases, largestDifference, readGolden } from '../inference/golden.ts';
import { GraphRunner } from './graph-runner.ts';

// Tolerances of the golden cases' FORMAT.md, for a float32 engine.
const logitsTolerance = 2e-3;
const featuresTolerance = 1e-3;

let folder: string;
const runners = new Map<string, GraphRunner>();

async function importModel(name: string, dtype: 'fp32' | 'q8'): Promise<GraphRunner> {
  const out = join(folder, `${name}-${dtype}`);
  const manifest = await importCheckpoint({ checkpoint: join(goldenFolder, name), out, dtype });
  return GraphRunner.open(out, manifest);
}

function runnerFor(name: string, dtype: 'fp32' | 'q8' = 'fp32'): GraphRunner {
  return runners.get(`${name.startsWith('5_') ? 'untied' : 'tied'}-${dtype}`)!;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'import-parity-'));
  for (const dtype of ['fp32', 'q8'] as const) {
    runners.set(`tied-${dtype}`, await importModel('model_tied', dtype));
    runners.set(`untied-${dtype}`, await importModel('5_untied_bf16_sharded', dtype));
  }
});

afterAll(async () => {
  for (const runner of runners.values()) await runner.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(allCases)('the fp32 graphs on golden case %s', (name) => {
  it('give the same image features, logits and 32 greedy tokens as Hugging Face', async () => {
    const golden = readGolden(name);
    const runner = runnerFor(name);
    const features = imageCases.includes(name) ? await runner.imageFeatures(golden) : undefined;
    if (features) {
      expect(largestDifference(features, golden.floats('image_features'))).toBeLessThan(featuresTolerance);
    }
    const logits = await runner.prefill(golden, features);
    expect(largestDifference(logits, golden.floats('logits'))).toBeLessThan(logitsTolerance);
    const generated = await runner.generate(golden, logits, 32);
    expect(generated.ids).toEqual(golden.integers('generated_ids'));
    if (golden.tensors.has('generated_logits')) {
      const difference = largestDifference(generated.logits, golden.floats('generated_logits'));
      expect(difference).toBeLessThan(logitsTolerance);
    }
  });
});

describe('the fp32 decoder', () => {
  it.each([1, 7, 64])('gives the same logits for a prompt in chunks of %i rows', async (chunk) => {
    const golden = readGolden('2b_224x224_exact');
    const runner = runnerFor('2b_224x224_exact');
    const features = golden.floats('image_features');
    const whole = await runner.prefill(golden, features);
    expect(largestDifference(await runner.prefill(golden, features, chunk), whole)).toBeLessThan(5e-4);
  });

  it('returns the logits of as many last rows as asked for, none included', async () => {
    const golden = readGolden('3_text_only');
    const runner = runnerFor('3_text_only');
    const vocabulary = runner.manifest.parameters.vocabularySize;
    const all = golden.floats('logits');
    const ids = golden.integers('input_ids');
    const embeds = await runner.embed(ids);
    const positions = ids.map((_, row) => [row, row, row]);
    for (const keep of [0, 1, 3]) {
      runner.reset();
      const logits = await runner.decode(embeds, positions, keep);
      expect(logits.length).toBe(keep * vocabulary);
      expect(largestDifference(logits, all.subarray(all.length - keep * vocabulary))).toBeLessThan(
        logitsTolerance,
      );
    }
  });
});

// 8 bits, with a scale for every 32 values of a weight's row and of an activation. Random weights are the hardest
// case: nothing in them is redundant, and bf16 weights alone move these logits by up to 1.04 (FORMAT.md).
describe.each(allCases)('the q8 graphs on golden case %s', (name) => {
  it('stay within a tenth of the deviation of the logits', async () => {
    const golden = readGolden(name);
    const runner = runnerFor(name, 'q8');
    const features = imageCases.includes(name) ? await runner.imageFeatures(golden) : undefined;
    if (features) {
      const difference = relativeDifference(features, golden.floats('image_features'));
      expect(difference).toBeLessThan(0.05);
      expect(difference).toBeGreaterThan(1e-3);
    }
    const difference = relativeDifference(await runner.prefill(golden, features), golden.floats('logits'));
    expect(difference).toBeLessThan(0.1);
    expect(difference).toBeGreaterThan(1e-3);
  });
});

/** Root mean square of the differences, in units of the expected values' own. */
function relativeDifference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const squares = (value: (index: number) => number) =>
    expected.reduce((sum, _, index) => sum + value(index) ** 2, 0);
  return Math.sqrt(
    squares((index) => found[index]! - expected[index]!) / squares((index) => expected[index]!),
  );
}
