import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RgbImage } from '../../main/inference/index.ts';
import { distancesOf, fewestPictures, fitPictures } from '../../models/import/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'gate-'));
const model = join(folder, 'model');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Small pictures: brown with a bright square somewhere, or all of one bright colour. */
function picture(index: number, strange: boolean): RgbImage {
  const [width, height] = [112, 84];
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const x = at % width;
    const y = (at - x) / width;
    const inside = Math.abs(x - 20 - ((index * 7) % 70)) < 9 && Math.abs(y - 20 - ((index * 5) % 45)) < 9;
    const colour = strange ? [20, 250, index] : inside ? [230, 220, 210] : [120, 70 + (index % 9), 50];
    rgb.set(colour, at * 3);
  }
  return { rgb, width, height };
}

describe('the picture gate of a model', () => {
  test('is fitted to pictures of a kind, and then calls others unlike', async () => {
    cpSync(join(import.meta.dirname, '../../models/nano'), model, { recursive: true });
    const fitted = await fitPictures({
      model,
      count: fewestPictures,
      picture: (index) => Promise.resolve(picture(index, false)),
      fittedTo: 'brown pictures',
      falseAlarms: 0.02,
    });
    expect(fitted.fittedTo).toBe(`${fewestPictures} brown pictures`);
    const { distances, threshold } = await distancesOf({
      model,
      count: 8,
      picture: (index) => Promise.resolve(picture(1000 + index, index >= 4)),
    });
    expect(threshold).toBe(fitted.threshold);
    // A threshold from twenty pictures is rough: another of their kind may lie a little beyond it.
    expect(distances.slice(0, 4).every((distance) => distance <= 1.2 * threshold)).toBe(true);
    expect(distances.slice(4).every((distance) => distance > 2 * threshold)).toBe(true);
  });

  test('is not fitted to a few', async () => {
    const few = fitPictures({
      model,
      count: fewestPictures - 1,
      picture: (index) => Promise.resolve(picture(index, false)),
      fittedTo: 'brown pictures',
      falseAlarms: 0.02,
    });
    await expect(few).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
