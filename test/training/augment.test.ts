import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Change {
  shape: number[];
  type: string;
  moved: number;
  recoloured: boolean;
}

interface Cases {
  reproducible: boolean;
  apart: boolean;
  clean: boolean;
  kinds: Record<string, Change>;
  greyTurned: number;
  turnedRed: number[];
  plain: string;
  colourless: string;
  corrupted: Record<string, { size: number[]; moved: number; again: boolean; other: boolean }>;
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('the look of pictures, changed', () => {
  let cases: Cases;

  beforeAll(() => {
    const script = fileURLToPath(new URL('augment_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    cases = JSON.parse(run.stdout) as Cases;
  });

  test('in training: from the given chance alone, each frame by itself', () => {
    expect(cases.reproducible).toBe(true);
    expect(cases.apart).toBe(true);
  });

  test('in training: a clean share stays as it is', () => {
    expect(cases.clean).toBe(true);
  });

  test.each(['colour', 'smoke', 'cover', 'glare', 'optics', 'noise'])(
    'in training: %s changes pixels, not their count',
    (kind) => {
      expect(cases.kinds[kind]).toMatchObject({ shape: [3, 84, 112, 3], type: 'uint8' });
      expect(cases.kinds[kind]?.moved).toBeGreaterThan(0.5);
      if (kind !== 'colour') expect(cases.kinds[kind]?.recoloured).toBe(false);
    },
  );

  test('a turn of hue leaves grey grey and makes red green', () => {
    expect(cases.greyTurned).toBeLessThan(1e-3);
    expect(cases.turnedRed).toEqual([0, 255, 0]);
  });

  test('reasoning about a frame whose colours were changed says no colour', () => {
    expect(cases.plain).toContain('The organ is purple and smooth. This is the spleen.');
    expect(cases.colourless).toContain('The organ is smooth. This is the spleen.');
  });

  test('in evaluation: the same picture is changed in the same way, whenever it is', () => {
    const random = /^(smoke|patch|noise)/;
    for (const [name, { size, moved, again, other }] of Object.entries(cases.corrupted)) {
      expect(size, name).toEqual([112, 84]);
      expect(moved, name).toBeGreaterThan(0.3);
      expect(again, name).toBe(true);
      expect(other, name).toBe(!random.test(name));
    }
  });
});
