import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyValueCache } from '../../main/inference/graphs/key-value-cache.ts';
import { openModelDirectory } from '../../main/inference/model/open-model-directory.ts';
import { ModelRunner } from '../../main/inference/runner/model-runner.ts';
import { argmax } from '../../main/inference/grammar/log-probabilities.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { allCases, goldenFolder, largestDifference, readGolden, readPng } from './golden.ts';

let folder: string;
const runners = new Map<string, ModelRunner>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'golden-engine-'));
  for (const [name, checkpoint] of [
    ['tied', `${goldenFolder}model_tied`],
    ['untied', `${goldenFolder}5_untied_bf16_sharded`],
  ] as const) {
    const out = path.join(folder, name);
    await importCheckpoint({ checkpoint, out, dtype: 'fp32' });
    runners.set(name, await ModelRunner.open(await openModelDirectory(out), { device: 'cpu' }));
  }
});

afterAll(async () => {
  for (const runner of runners.values()) await runner.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Everything up to the prompt's embeddings. */
async function look(name: string) {
  const golden = readGolden(name);
  const runner = runners.get(name.startsWith('5_') ? 'untied' : 'tied')!;
  const images = [];
  for (const image of golden.images) images.push(runner.prepareImage(await readPng(image.file)));
  const features = [];
  for (const image of images) features.push(await runner.encodeImage(image));
  const ids = golden.integers('input_ids');
  const positions = runner.positions(
    ids,
    images.map((image) => image.grid),
  );
  const embeddings = await runner.embed(ids, features);
  return { golden, runner, features, ids, positions, embeddings };
}

describe.each(allCases)('%s through the graphs', (name) => {
  test('features, logits and 32 greedy tokens equal the reference', async () => {
    const { golden, runner, features, ids, positions, embeddings } = await look(name);
    if (features.length > 0) {
      const all = features.flatMap((values) => Array.from(values));
      expect(largestDifference(all, golden.floats('image_features'))).toBeLessThan(1e-3);
    }
    expect(largestDifference(embeddings, golden.floats('inputs_embeds'))).toBeLessThan(1e-3);
    const cache = runner.newCache(ids.length);
    const prompt = { embeddings, positions, from: 0, to: ids.length, cache };
    const logits = await runner.prefill({ ...prompt, keep: 'all', chunk: ids.length });
    expect(largestDifference(logits, golden.floats('logits'))).toBeLessThan(2e-3);

    const vocabulary = runner.model.manifest.parameters.vocabularySize;
    let next: Float32Array = logits.slice(-vocabulary);
    const generated: number[] = [];
    const expectedLogits = golden.tensors.has('generated_logits') ? golden.floats('generated_logits') : null;
    for (let step = 0; step < 32; step += 1) {
      if (expectedLogits) {
        const expected = expectedLogits.subarray(step * vocabulary, (step + 1) * vocabulary);
        expect(largestDifference(next, expected)).toBeLessThan(2e-3);
      }
      const id = argmax(next);
      generated.push(id);
      next = await runner.decode(id, cache, positions.delta);
    }
    expect(generated).toEqual(golden.integers('generated_ids'));
  });

  test('a prefill in chunks, and one on a kept prefix, give the same logits as one run', async () => {
    const { runner, ids, positions, embeddings } = await look(name);
    const hidden = runner.model.manifest.parameters.hiddenSize;
    const to = ids.length;
    const oneShot = await runner.prefill({
      ...{ embeddings, positions, from: 0, to, cache: runner.newCache(to), keep: 'last' },
      chunk: to,
    });
    for (const chunk of [7, 64]) {
      const cache = runner.newCache(8);
      const logits = await runner.prefill({ embeddings, positions, from: 0, to, cache, keep: 'last', chunk });
      expect(cache.length).toBe(to);
      expect(largestDifference(logits, oneShot)).toBeLessThan(1e-4);
    }
    // As on a device that takes no empty tensor: a hidden row before the first token changes nothing.
    const padded = new KeyValueCache(runner.model.manifest.parameters, 8, 1);
    const prompt = { embeddings, positions, from: 0, to, keep: 'last', chunk: 50 } as const;
    const afterHidden = await runner.prefill({ ...prompt, cache: padded });
    expect(padded.length).toBe(to);
    expect(largestDifference(afterHidden, oneShot)).toBeLessThan(1e-4);
    const plain = runner.newCache(to);
    await runner.prefill({ ...prompt, cache: plain });
    const [next, same] = [
      await runner.decode(7, padded, positions.delta),
      await runner.decode(7, plain, positions.delta),
    ];
    expect(largestDifference(next, same)).toBeLessThan(1e-4);

    const cache = runner.newCache(to);
    const prefix = Math.floor(to * 0.7);
    const options = { positions, cache };
    await runner.prefill({ ...options, embeddings, from: 0, to: prefix, keep: 'none' });
    const rest = embeddings.subarray(prefix * hidden);
    const first = await runner.prefill({ ...options, embeddings: rest, from: prefix, to, keep: 'last' });
    cache.truncate(prefix);
    const second = await runner.prefill({ ...options, embeddings: rest, from: prefix, to, keep: 'last' });
    expect(largestDifference(first, oneShot)).toBeLessThan(1e-4);
    expect(Array.from(second)).toEqual(Array.from(first));
  });
});

test('an aborted prefill stops between chunks and keeps the chunks before', async () => {
  const { runner, ids, positions, embeddings } = await look('2a_448x364');
  const cache = runner.newCache(ids.length);
  const controller = new AbortController();
  const running = runner.prefill({
    ...{ embeddings, positions, from: 0, to: ids.length, cache, keep: 'last', chunk: 16 },
    signal: controller.signal,
  });
  setImmediate(() => controller.abort());
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expect(cache.length % 16).toBe(0);
  expect(cache.length).toBeLessThan(ids.length);
});

test('a token outside the vocabulary is refused by name', async () => {
  const runner = runners.get('tied')!;
  await expect(runner.embed([512], [])).rejects.toMatchObject({ code: 'model-mismatch' });
});
