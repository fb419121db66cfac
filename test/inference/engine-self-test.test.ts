import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelRunner, openModelDirectory, type PreparedImage } from '../../main/inference/index.ts';
import { checkThatModelSees, reactionToCards } from '../../main/inference/runner/vision-self-test.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { goldenFolder } from './golden.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'self-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const embedded = fileURLToPath(new URL('../../models/nano', import.meta.url));
const models = [
  ['embedded', embedded, 'fp32', 0.05, 0.16],
  ['embedded', embedded, 'int4', 0.05, 0.16],
  ['random-tied', `${goldenFolder}model_tied`, 'fp32', 0.4, 0.8],
  ['random-untied', `${goldenFolder}5_untied_bf16_sharded`, 'fp32', 0.8, 1.3],
] as const;

describe.each(models)('%s, %s, %s', (name, checkpoint, dtype, least, most) => {
  test('sees; with its image features made blind in any way, it is refused', async () => {
    const out = path.join(folder, `${name}-${dtype}`);
    await importCheckpoint({ checkpoint, out, dtype });
    const runner = await ModelRunner.open(await openModelDirectory(out), { device: 'cpu' });
    try {
      const reaction = await reactionToCards(runner);
      expect(reaction).toBeGreaterThan(least);
      expect(reaction).toBeLessThan(most);
      await expect(checkThatModelSees(runner)).resolves.toBeUndefined();

      const see = runner.encodeImage.bind(runner);
      const blind = (features: (image: PreparedImage) => Promise<Float32Array>): Promise<unknown> => {
        runner.encodeImage = features;
        return checkThatModelSees(runner).then(
          () => null,
          (error: unknown) => error,
        );
      };
      const refusal = { code: 'model-mismatch', message: expect.stringMatching(/does not see/) as unknown };
      expect(await blind(async (image) => (await see(image)).fill(0))).toMatchObject(refusal);

      let kept: Float32Array | null = null;
      const constant = await blind(async (image) => (kept ??= await see(image)));
      expect(constant).toMatchObject(refusal);

      // What is left of a picture when its features have all but collapsed into one.
      let first: Float32Array | null = null;
      const faint = await blind(async (image) => {
        const features = await see(image);
        const base = (first ??= features.slice());
        return features.map((value, index) => base[index]! + (value - base[index]!) * 1e-4);
      });
      // In 8-bit arithmetic, rounding makes more of it than is there.
      if (dtype === 'fp32') {
        expect(faint).toMatchObject({
          ...refusal,
          message: expect.stringMatching(/almost the same \(they differ by /) as unknown,
        });
      }

      expect(await blind(async (image) => (await see(image)).fill(NaN))).toMatchObject({
        code: 'model-mismatch',
        message: expect.stringMatching(/vision part gives values that are no numbers/) as unknown,
      });
      runner.encodeImage = see;
      await expect(checkThatModelSees(runner)).resolves.toBeUndefined();
    } finally {
      await runner.dispose();
    }
  });
});
