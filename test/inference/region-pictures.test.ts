import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Answerer,
  ModelRunner,
  ModelTokenizer,
  openModelDirectory,
  type AnswerResult,
  type EngineFrame,
  type EngineRegion,
} from '../../main/inference/index.ts';
import { statementName } from '../../main/inference/model/model-statement.ts';
import { argmax } from '../../main/inference/grammar/log-probabilities.ts';
import { wordsBeside } from '../../main/inference/answer/asked-pictures.ts';
import { enlargedCrop } from '../../main/inference/image/enlarged-crop.ts';
import { CheckpointManifest, regionWayOf } from '../../preload/contract/model.ts';
import type { Box } from '../../preload/contract/values.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import nano from '../../models/nano/manifest.json' with { type: 'json' };
import { makeTestModels, openAskable, stripes, type TestModels } from './askable-model.ts';

/** Questions about a region, with the golden weights: what the model is given is compared with the same put together by hand. */
const box: Box = [100, 40, 180, 100];
const frame = stripes(5, 448, 364);
const question = 'Where?';
let models: TestModels;
let answerer: Answerer;

function regionOf(picture: EngineFrame, [x1, y1, x2, y2]: Box): EngineRegion {
  const size = { width: x2 - x1, height: y2 - y1 };
  const rows = Array.from({ length: size.height }, (_, row) => ((y1 + row) * picture.width + x1) * 3);
  const rgb = Buffer.concat(rows.map((at) => picture.rgb.subarray(at, at + size.width * 3)));
  return { ...size, rgb, hash: `${picture.hash} ${x1}`, region: [x1, y1, x2, y2] };
}
const region = regionOf(frame, box);

/** The first corner that stands in an answer's text. */
const writtenBox = ({ raw }: AnswerResult): number[] =>
  /"bbox_2d": \[([^\]]+)\]/.exec(raw)![1]!.split(',').map(Number);

beforeAll(async () => {
  models = await makeTestModels();
  answerer = await Answerer.open({ directory: models.askable, device: 'cpu', threads: 1 });
});
afterAll(async () => {
  await answerer.dispose();
  await models.remove();
});

test('a model that states which questions it was taught has the region alone, any other beside the frame', () => {
  const { taught } = CheckpointManifest.parse(nano);
  expect(regionWayOf({})).toBe('beside');
  expect(regionWayOf({ taught })).toBe('alone');
  expect(regionWayOf({ taught, regions: 'beside' })).toBe('beside');
  expect(answerer.info.regions).toBe('beside');
});

describe('beside the whole frame', () => {
  test('the model has both pictures, in this order, and writes what it writes to the same prompt made by hand', async () => {
    const settings = { maxNewTokens: 12, repetitionPenalty: 1 };
    const found = await answerer.answer({ frame, region, question, settings, constrained: 'no' });
    const { runner, tokenizer } = await openAskable(models);
    const words = wordsBeside(question, box, {
      frame,
      resized: { width: 448, height: 364 },
      space: 'resized-pixels',
    });
    expect(words).toMatch(
      /\[100, 40, 180, 100\] of the first.*give every box in the first picture\. Where\?$/,
    );
    const images = [runner.prepareImage(frame), runner.prepareImage(region, enlargedCrop(region))];
    const [units, cropUnits] = images.map(({ grid }) => runner.units(grid)) as [number, number];
    // 80 x 60, at most four times as large on each side, in whole patches.
    expect(images[1]!.resized).toEqual({ width: 308, height: 252 });
    const pad = '<|image_pad|>';
    const text =
      `<|im_start|>user\n<|vision_start|>${pad.repeat(units)}<|vision_end|>` +
      `<|vision_start|>${pad.repeat(cropUnits)}<|vision_end|>${words}<|im_end|>\n<|im_start|>assistant\n`;
    const ids = tokenizer.encode(text);
    const positions = runner.positions(
      ids,
      images.map(({ grid }) => grid),
    );
    const features = [await runner.encodeImage(images[0]!), await runner.encodeImage(images[1]!)];
    const cache = runner.newCache(ids.length + 16);
    const embeddings = await runner.embed(ids, features);
    let logits = await runner.prefill({
      embeddings,
      positions,
      from: 0,
      to: ids.length,
      cache,
      keep: 'last',
    });
    const written: number[] = [];
    while (written.length < found.tokens.generated) {
      const id = argmax(logits);
      written.push(id);
      logits = await runner.decode(id, cache, positions.delta);
    }
    await runner.dispose();
    expect(found.raw).toBe(tokenizer.decode(written));
    expect(found.tokens).toMatchObject({ image: units + cropUnits, prompt: ids.length });
    expect(found.modelInput).toEqual({ width: 448, height: 364 });
    expect(found.region).toEqual({ given: 'beside', input: { width: 308, height: 252 }, words });
  });

  test('boxes are of the frame, the frame is looked at once, and neither question disturbs the other', async () => {
    const frame = stripes(6, 448, 364);
    const region = regionOf(frame, box);
    const ask = (about?: EngineRegion): Promise<AnswerResult> =>
      answerer.answer({ frame, ...(about && { region: about }), question, settings: {}, reproducible: true });
    const [whole, part] = [await ask(), await ask(region)];
    expect(whole.region).toBeUndefined();
    expect(part.frameSeenBefore).toBe(false);
    expect(part.raw).not.toBe(whole.raw);
    // The model saw the frame at its own size.
    expect(part.box).toEqual(writtenBox(part));
    const again = await Promise.all([ask(region), ask(), ask(region), ask(regionOf(frame, [0, 0, 64, 64]))]);
    expect(again.map(({ raw }) => raw).slice(0, 3)).toEqual([part.raw, whole.raw, part.raw]);
    expect(again.map(({ frameSeenBefore }) => frameSeenBefore)).toEqual([true, true, true, false]);
    expect(again[3].region?.words).toContain('[0, 0, 64, 64]');
  });
});

test('alone, its boxes are put back into the frame', async () => {
  const checkpoint = path.join(models.folder, 'alone');
  await cp(path.join(models.folder, 'checkpoint'), checkpoint, { recursive: true });
  const statement = path.join(checkpoint, statementName);
  const said = JSON.parse(await readFile(statement, 'utf8')) as object;
  await writeFile(statement, JSON.stringify({ ...said, regions: 'alone' }));
  const directory = path.join(models.folder, 'alone-graphs');
  await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
  const alone = await Answerer.open({ directory, device: 'cpu', threads: 1 });
  try {
    expect(alone.info.regions).toBe('alone');
    const found = await alone.answer({ frame, region, question, settings: {} });
    expect(found.region).toEqual({ given: 'alone' });
    expect(found.modelInput).toEqual({ width: 84, height: 56 });
    const [x1, y1] = writtenBox(found) as [number, number];
    const [left, top] = found.box!;
    expect(left).toBeCloseTo(100 + (x1 * 80) / 84, 6);
    expect(top).toBeCloseTo(40 + (y1 * 60) / 56, 6);
  } finally {
    await alone.dispose();
  }
});

test('a prompt has the tokens of each picture in its place, and its beginning ends behind the last', async () => {
  const model = await openModelDirectory(models.askable);
  const tokenizer = await ModelTokenizer.open(model);
  const runner = await ModelRunner.open(model, { device: 'cpu' });
  const { ids, prefixLength, imageTokens } = tokenizer.prompt(question, 6, 4);
  expect(imageTokens).toBe(10);
  const image = model.manifest.parameters.tokens.image;
  expect([...ids].filter((id) => id === image)).toHaveLength(10);
  expect(ids[prefixLength - 1]).toBe(model.manifest.parameters.tokens.visionEnd);
  expect([...ids].slice(prefixLength)).not.toContain(image);
  await runner.dispose();
});
