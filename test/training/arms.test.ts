import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Arm {
  runs: number;
  questions: number;
  illusion: number;
  illusionRuns: number[];
  wordsAgainstBox: number;
  wordsWrong: number;
  illusionsCut?: number;
  illusionBySeed?: { runs: number[]; mean: number; error: number };
  illusionDifference?: [difference: number, error: number, z: number];
  mcnemar?: { gone: number; new: number; z: number };
}

const python = findPython();
if (!python) console.warn(noPython);

test.skipIf(!python)('arms of an experiment are compared question by question, frames as the sample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arms-'));
  const script = fileURLToPath(new URL('arms_cases.py', import.meta.url));
  const run = spawnSync(python ?? '', [script, folder], { encoding: 'utf8', env: pythonEnvironment });
  rmSync(folder, { recursive: true });
  expect(run.status, run.stderr).toBe(0);
  const { off, on, words } = JSON.parse(run.stdout) as Record<'off' | 'on' | 'words', Arm>;
  expect([off.runs, off.questions, off.illusionRuns]).toEqual([2, 8, [0.5, 0.625]]);
  // A wrong label is no illusion, wherever its box lies.
  expect(on.illusionRuns).toEqual([0.125, 0.125]);
  expect(on.illusionsCut).toBeCloseTo(1 - 0.125 / 0.5625, 3);
  // Runs of the same place: three and four gone, none new.
  expect(on.mcnemar).toMatchObject({ gone: 7, new: 0 });
  expect(on.mcnemar?.z).toBeCloseTo(-6 / Math.sqrt(7), 2);
  // Sums by frame of the mean difference: -1, -2, -0.5, 0 of 8 questions; their mean is -0.4375 a question.
  const [difference, error, z] = on.illusionDifference!;
  expect(difference).toBeCloseTo(-0.4375, 4);
  const spread = [-1, -2, -0.5, 0].reduce((sum, value) => sum + (value + 0.875) ** 2, 0);
  expect(error).toBeCloseTo(Math.sqrt((spread * 4) / 3) / 8, 4);
  expect(z).toBeCloseTo(difference / error, 1);
  // Run against run: 1 less 4 and 1 less 5 of 8.
  expect(on.illusionBySeed).toMatchObject({ runs: [-0.375, -0.5], mean: -0.4375, error: 0.0625 });
  expect(words).toMatchObject({ wordsWrong: 1, wordsAgainstBox: 1, illusion: 0 });
});
