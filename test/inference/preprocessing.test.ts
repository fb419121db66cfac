import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ImageProcessor, normalisationTable } from '../../main/inference/image/image-processor.ts';
import { resampleBicubic } from '../../main/inference/image/resample.ts';
import { roundHalfToEven, smartResize } from '../../main/inference/image/smart-resize.ts';
import { plainResample } from './plain-resample.ts';
import { goldenFolder, imageCases, readGolden, readPng, sha256 } from './golden.ts';

interface ResizeCase {
  height: number;
  width: number;
  min_pixels: number;
  max_pixels: number;
  hf_since_2025_06_10: { height: number; width: number } | { error: string };
}

test('rounds halves to even', () => {
  expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6].map(roundHalfToEven)).toEqual([0, 2, 2, 4, 2, 3]);
});

const { cases } = JSON.parse(readFileSync(`${goldenFolder}smart_resize.json`, 'utf8')) as {
  cases: ResizeCase[];
};
test.each(cases)('smart resize of $width x $height', (entry) => {
  const resize = (): unknown =>
    smartResize(entry, { factor: 28, minPixels: entry.min_pixels, maxPixels: entry.max_pixels });
  if ('height' in entry.hf_since_2025_06_10) expect(resize()).toEqual(entry.hf_since_2025_06_10);
  else expect(resize).toThrow(/200 times/);
});

describe.each(imageCases)('pixels of %s', (name) => {
  const golden = readGolden(name);
  const processor = new ImageProcessor(golden.processor);

  test('the normalisation table is bit-equal', () => {
    expect(sha256(normalisationTable(golden.processor))).toBe(sha256(golden.floats('pixel_lut')));
  });

  test('the resized image equals Pillow byte for byte', async () => {
    for (const image of golden.images) {
      const source = await readPng(image.file);
      const expected = await readPng(image.resizedFile);
      const resized = processor.resizedSize(source);
      expect(resized).toEqual({ width: expected.width, height: expected.height });
      const pixels = resampleBicubic(source.rgb, source, resized);
      expect(Buffer.compare(pixels, expected.rgb)).toBe(0);
    }
  });

  test('patches are bit-equal and the grid is right', async () => {
    const prepared = [];
    for (const image of golden.images) prepared.push(processor.prepare(await readPng(image.file)));
    expect(prepared.flatMap((image) => image.grid)).toEqual(golden.integers('image_grid_thw'));
    const values = new Float32Array(prepared.reduce((sum, image) => sum + image.pixelValues.length, 0));
    let at = 0;
    for (const image of prepared) {
      values.set(image.pixelValues, at);
      at += image.pixelValues.length;
    }
    expect(sha256(values)).toBe(golden.pixelValuesSha256);
  });
});

describe('resampling in vectors is exactly that of single numbers', () => {
  /** Noise of the two ends, where overshoot is greatest and sums leave the range of bytes. */
  const noise = (size: { width: number; height: number }, seed: number): Uint8Array => {
    let state = seed;
    return Uint8Array.from({ length: size.width * size.height * 3 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 31 === 0 ? state >>> 24 : 255 * ((state >>> 30) & 1);
    });
  };
  test.each([
    ...[[1280, 128, 336, 35] as const, [1920, 102, 392, 21] as const, [448, 360, 336, 280] as const],
    ...[[40, 30, 84, 56] as const, [84, 31, 84, 56] as const, [33, 56, 84, 56] as const],
    ...[[1, 1, 28, 28] as const, [2, 199, 28, 112] as const, [199, 2, 1, 3] as const, [7, 5, 5, 7] as const],
    ...[[641, 3, 28, 28] as const, [3, 641, 28, 28] as const, [97, 89, 96, 88] as const],
  ])('%d x %d to %d x %d', (width, height, targetWidth, targetHeight) => {
    const [size, target] = [
      { width, height },
      { width: targetWidth, height: targetHeight },
    ];
    const rgb = noise(size, width * height);
    const expected = plainResample(rgb, size, target);
    expect(Buffer.compare(resampleBicubic(rgb, size, target), expected)).toBe(0);
    // Again: what the last picture left behind is not in the next.
    const other = noise(size, width + height);
    expect(Buffer.compare(resampleBicubic(other, size, target), plainResample(other, size, target))).toBe(0);
  });
});

// V8 can be told to do without on a PC's processor alone.
test.runIf(process.arch === 'x64')('a processor without vectors is told of, with what to do', () => {
  const module = fileURLToPath(new URL('../../main/inference/image/resample-kernels.ts', import.meta.url));
  const script = `import { resampleKernels } from ${JSON.stringify(module)};
    try { resampleKernels(new WebAssembly.Memory({ initial: 1 })); console.log('none'); }
    catch (error) { console.log(error.code + ': ' + error.message); }`;
  const flags = ['--no-enable-sse4-1', '--no-enable-ssse3', '--input-type=module', '--eval', script];
  const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stdout).toMatch(/^unavailable: This processor lacks the vector instructions/);
});

test('an image whose bytes do not fit its size is refused', () => {
  const processor = new ImageProcessor(readGolden('2a_448x364').processor);
  expect(() => processor.prepare({ rgb: new Uint8Array(10), width: 20, height: 20 })).toThrow(/1200 bytes/);
});
