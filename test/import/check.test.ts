import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkGolden, checkModel, importCheckpoint } from '../../models/import/index.ts';
import { allCases, goldenFolder } from '../inference/golden.ts';
import { CheckpointBench, changeJson } from './checkpoint-files.ts';

const bench = new CheckpointBench();
const models = { tied: bench.path('tied'), untied: bench.path('untied') };

beforeAll(async () => {
  const dtype = 'fp32';
  await importCheckpoint({ checkpoint: join(goldenFolder, 'model_tied'), out: models.tied, dtype });
  await importCheckpoint({
    checkpoint: join(goldenFolder, '5_untied_bf16_sharded'),
    out: models.untied,
    dtype,
  });
});
afterAll(() => bench.remove());

/** A copy of a golden case, to be spoilt. */
function copyCase(name: string): string {
  const folder = bench.path('case');
  cpSync(join(goldenFolder, name), folder, { recursive: true });
  return folder;
}

describe('checkGolden', () => {
  it.each(allCases)('finds the engine equal to Hugging Face from image file to token: %s', async (name) => {
    const model = name.startsWith('5_') ? models.untied : models.tied;
    const found = await checkGolden({ model, golden: join(goldenFolder, name) });
    expect(found.integersEqual).toBe(true);
    expect(found.tokensEqual).toBe(true);
    expect(found.pixelValues).toBe(0);
    expect(found.imageFeatures).toBeLessThan(1e-3);
    expect(found.logits).toBeLessThan(2e-3);
    expect(found.logits).toBeGreaterThan(0);
  });

  it('takes a checkpoint as it is, and leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('model-check-'));
    const folder = join(goldenFolder, '5_untied_bf16_sharded');
    const found = await checkGolden({ model: folder, golden: folder });
    expect(found).toMatchObject({ integersEqual: true, tokensEqual: true, pixelValues: 0 });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('model-check-'))).toEqual(before);
  });

  it('says so when the model is another one', async () => {
    const found = await checkGolden({ model: models.untied, golden: join(goldenFolder, '1_tied_200x150') });
    expect(found).toMatchObject({ integersEqual: true, tokensEqual: false, pixelValues: 0 });
    expect(found.imageFeatures).toBeGreaterThan(0.1);
    expect(found.logits).toBeGreaterThan(1);
  });

  it('says so when the image is another one', async () => {
    const golden = copyCase('2b_224x224_exact');
    changeJson(join(golden, 'golden.json'), (json) => void (json['images'] = [{ file: 'other.png' }]));
    cpSync(join(goldenFolder, '1_tied_200x150', 'image_0.png'), join(golden, 'other.png'));
    await expect(checkGolden({ model: models.tied, golden })).rejects.toMatchObject({
      code: 'model-mismatch',
    });
  });

  it('says so when an integer differs', async () => {
    const golden = copyCase('3_text_only');
    changeJson(join(golden, 'golden.json'), (json) => void (json['first_decode_position'] = 31));
    const found = await checkGolden({ model: models.tied, golden });
    expect(found).toMatchObject({ integersEqual: false, tokensEqual: true });
  });

  it('names what a case lacks', async () => {
    const golden = bench.path('empty');
    await expect(checkGolden({ model: models.tied, golden })).rejects.toMatchObject({
      code: 'model-missing-file',
    });
  });
});

describe('checkModel', () => {
  it('says what a model is', async () => {
    const { manifest, sha256, device } = await checkModel({ model: models.tied });
    expect(manifest).toMatchObject({ kind: 'imported', dtype: 'fp32', tokenizer: false });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(device).toBe('cpu');
  });

  it('finds a byte altered in the weights', async () => {
    const model = bench.path('altered');
    cpSync(models.tied, model, { recursive: true });
    const file = join(model, 'onnx', 'decoder.onnx_data');
    const content = readFileSync(file);
    content[1000] = content[1000]! ^ 1;
    writeFileSync(file, content);
    await expect(checkModel({ model })).rejects.toMatchObject({
      code: 'model-altered-file',
      message: expect.stringContaining('decoder.onnx_data') as unknown,
    });
  });
});
