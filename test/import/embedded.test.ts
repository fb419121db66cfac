import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Answerer,
  argmax,
  ModelRunner,
  ModelTokenizer,
  openModelDirectory,
  type RgbImage,
} from '../../main/inference/index.ts';
import { rowsOf } from '../../main/inference/graphs/rows.ts';
import { importCheckpoint, weightTypes } from '../../models/import/index.ts';
import type { WeightType } from '../../models/import/index.ts';
import { CheckpointManifest } from '../../preload/contract/model.ts';
import { questionText } from '../../preload/contract/vocabulary.ts';
import { drawnScene } from '../bench/embedded.ts';
import { goldenFolder, readPng } from '../inference/golden.ts';

const checkpoint = fileURLToPath(new URL('../../models/nano/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'import-embedded-'));
const runners: Partial<Record<WeightType, ModelRunner>> = {};

beforeAll(async () => {
  for (const dtype of weightTypes) {
    const out = join(folder, dtype);
    await importCheckpoint({ checkpoint, out, dtype });
    runners[dtype] = await ModelRunner.open(await openModelDirectory(out), { device: 'cpu', threads: 1 });
  }
});
afterAll(async () => {
  for (const runner of Object.values(runners)) await runner.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Logits [s, vocabulary] of a prompt with an image and a few of the model's own tokens. */
async function logitsOf(runner: ModelRunner): Promise<Float32Array> {
  const { tokens, vocabularySize } = runner.model.manifest.parameters;
  const image = runner.prepareImage(await readPng(join(goldenFolder, '1_tied_200x150', 'image_0.png')));
  const features = await runner.encodeImage(image);
  const placeholders = Array<number>(runner.units(image.grid)).fill(tokens.image);
  const words = Array.from({ length: 24 }, (_, index) => (index * 37) % Math.min(vocabularySize, 900));
  const ids = [tokens.visionStart, ...placeholders, tokens.visionEnd, ...words];
  return runner.prefill({
    embeddings: await runner.embed(ids, [features]),
    positions: runner.positions(ids, [image.grid]),
    from: 0,
    to: ids.length,
    cache: runner.newCache(ids.length),
    keep: 'all',
  });
}

/** The likeliest token at each place of an answer, behind its true beginning. */
async function alongText(
  runner: ModelRunner,
  tokenizer: ModelTokenizer,
  frame: RgbImage,
  question: string,
  answer: string,
): Promise<number[]> {
  const image = runner.prepareImage(frame);
  const features = await runner.encodeImage(image);
  const prompt = tokenizer.prompt(question, runner.units(image.grid));
  const ids = Int32Array.from([...prompt.ids, ...tokenizer.encode(answer)]);
  const logits = await runner.prefill({
    embeddings: await runner.embed(ids, [features]),
    positions: runner.positions(ids, [image.grid]),
    ...{ from: 0, to: ids.length, cache: runner.newCache(ids.length), keep: 'all' },
  });
  const likeliest = rowsOf(logits, ids.length).map((row) => argmax(row));
  return likeliest.slice(prompt.ids.length - 1, -1);
}

describe('the embedded model', () => {
  it('is imported under its own manifest, tokenizer included', () => {
    const own = CheckpointManifest.parse(JSON.parse(readFileSync(join(checkpoint, 'manifest.json'), 'utf8')));
    const { manifest } = runners.fp32!.model;
    for (const key of ['id', 'name', 'version', 'licence', 'domain', 'domainNote', 'labels'] as const) {
      expect(manifest[key]).toEqual(own[key]);
    }
    expect(manifest).toMatchObject({ kind: 'imported', tokenizer: true, dtype: 'fp32' });
    expect(manifest.source.sha256).toBe(own.files['model.safetensors']!.sha256);
    expect(Object.keys(manifest.files)).toEqual(
      expect.arrayContaining(['tokenizer.json', 'tokenizer_config.json']),
    );
  });

  // Differences are in units of the logits' deviation; rows are those whose likeliest token is the same. The bounds
  // leave room for other weights of this model; the text is no sentence, so that some likeliest tokens are close calls.
  it.each([
    ['fp16', 0, 5e-3, 0.99],
    ['q8', 1e-4, 0.05, 0.9],
    ['int4', 1e-2, 0.4, 0.5],
  ] as const)('gives nearly the same logits as %s as in 32 bits', async (dtype, least, most, rows) => {
    const [whole, small] = [await logitsOf(runners.fp32!), await logitsOf(runners[dtype]!)];
    expect(whole.every(Number.isFinite)).toBe(true);
    const squares = (value: (index: number) => number) =>
      whole.reduce((sum, _, index) => sum + value(index) ** 2, 0);
    const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length;
    const relative = Math.sqrt(
      squares((index) => small[index]! - whole[index]!) / squares((index) => whole[index]! - mean),
    );
    const { vocabularySize } = runners.fp32!.model.manifest.parameters;
    const count = whole.length / vocabularySize;
    const row = (logits: Float32Array, index: number) =>
      argmax(logits.subarray(index * vocabularySize, (index + 1) * vocabularySize));
    const same = Array.from({ length: count }, (_, index) => row(whole, index) === row(small, index));
    expect(relative).toBeLessThan(most);
    expect(relative).toBeGreaterThan(least);
    expect(same.filter(Boolean).length / count).toBeGreaterThanOrEqual(rows);
  });

  it('has in 8 bits the likeliest tokens that it has in 32, along whole answers', async () => {
    const directory = join(folder, 'fp32');
    const tokenizer = await ModelTokenizer.open(await openModelDirectory(directory));
    const answerer = await Answerer.open({ directory, device: 'cpu', threads: 1 });
    let same = 0;
    let tokens = 0;
    try {
      for (let scene = 0; scene < 6; scene += 1) {
        const { frame, tool } = drawnScene(954_000 + scene);
        for (const question of [
          questionText.organ(),
          questionText.state(tool),
          questionText.location(tool),
        ]) {
          const { raw } = await answerer.answer({ frame, question, settings: {} });
          const likeliest = await Promise.all(
            [runners.fp32!, runners.q8!].map((runner) => alongText(runner, tokenizer, frame, question, raw)),
          );
          tokens += likeliest[0]!.length;
          same += likeliest[0]!.filter((id, index) => id === likeliest[1]![index]).length;
        }
      }
    } finally {
      await answerer.dispose();
    }
    expect(tokens).toBeGreaterThan(500);
    expect(same / tokens).toBeGreaterThanOrEqual(0.99);
  });
});
