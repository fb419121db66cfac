import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Cases {
  totals: { worst: number; count: number }[];
  learnt: { start: number[]; end: number[] };
  needed: boolean[][];
  prepared: { found: Record<string, unknown>; nothing: null };
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('the policy gradient over all values of a box', () => {
  let cases: Cases;

  beforeAll(() => {
    const script = fileURLToPath(new URL('box_policy_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    cases = JSON.parse(run.stdout) as Cases;
  });

  test('pays every box what the reward rules pay', () => {
    // Four shipped files and 32 combinations of switches, with the true box known and unknown.
    expect(cases.totals).toHaveLength(72);
    for (const { worst, count } of cases.totals) {
      expect(count).toBeGreaterThan(60);
      expect(worst).toBeLessThan(1e-5);
    }
  });

  test('leads the coordinates to the box that is paid best', () => {
    expect(cases.learnt.start).toEqual([60, 60, 140, 130]);
    expect(cases.learnt.end).toEqual([40, 40, 120, 100]);
  });

  test('trains on boxes of groups that are paid alike, where another box would be paid otherwise', () => {
    expect(cases.needed).toEqual([
      [true, true, false, false],
      [true, false, false, false],
      [false, false, false, false],
      [true, true, true, true],
    ]);
  });

  test('takes whole boxes of valid answers where there is something, marked or not', () => {
    expect(cases.prepared.found).toMatchObject({
      image: [0, 0],
      place: [0, 3],
      times: [
        [2, 4, 6, 8],
        [2, 4, 6, 8],
      ],
      sampled: [
        [4, 8, 40, 48],
        [4, 8, 40, 48],
      ],
      right: [1, 1],
      known: [1, 0],
    });
    expect(cases.prepared.nothing).toBeNull();
  });
});
