import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface GoldenReport {
  cases: Record<
    string,
    {
      resized: boolean;
      pixels: boolean;
      windows: boolean;
      positions: boolean;
      tokens: boolean;
      imageFeatures: number;
      logits: number;
    }
  >;
  smartResizeWrong: unknown[];
  smartResizeCases: number;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const names = [
  '1_tied_200x150',
  '2a_448x364',
  '2b_224x224_exact',
  '2c_wide_840x30',
  '3_text_only',
  '4_two_images',
  '5_untied_bf16_sharded',
];
const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('the PyTorch Qwen2.5-VL against the golden numbers of Hugging Face', () => {
  let report: GoldenReport;

  beforeAll(() => {
    const run = spawnSync(python ?? '', [here('golden.py'), here('../fixtures/golden')], {
      encoding: 'utf8',
      env: pythonEnvironment,
    });
    expect(run.stderr).toBe('');
    report = JSON.parse(run.stdout) as GoldenReport;
  });

  test('every case was run', () => {
    expect(Object.keys(report.cases)).toEqual(names);
  });

  test.each(names)(
    '%s: integers exact, features within 1e-3, logits within 2e-3, 32 tokens equal',
    (name) => {
      const result = report.cases[name];
      expect(result).toMatchObject({
        resized: true,
        pixels: true,
        windows: true,
        positions: true,
        tokens: true,
      });
      expect(result?.imageFeatures).toBeLessThanOrEqual(1e-3);
      expect(result?.logits).toBeLessThanOrEqual(2e-3);
    },
  );

  test('smart_resize gives the upstream size in all 60 cases', () => {
    expect(report.smartResizeCases).toBe(60);
    expect(report.smartResizeWrong).toEqual([]);
  });
});
