import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

type Kinds = Record<'sequence' | 'token' | 'constant', number>;

interface Learnt {
  rewarded: number;
  kl: number;
  firstKl: number;
}

interface Cases {
  advantages: { divided: number[][]; centred: number[][] };
  blamed: Record<'whole' | 'parts' | 'each' | 'eachScaled', number[][][]>;
  surrogate: { loss: number[]; clipped: boolean[]; gradient: number[] };
  kl: number[];
  aggregated: { once: Kinds; twice: Kinds };
  free: Learnt;
  tied: Learnt;
  refusal: string;
}

const python = findPython();
if (!python) console.warn(noPython);

function close(found: number[] | undefined, expected: number[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, index) => expect(found?.[index]).toBeCloseTo(value, 5));
}

describe.skipIf(!python)('GRPO, against numbers worked out by hand', () => {
  let cases: Cases;

  beforeAll(() => {
    const script = fileURLToPath(new URL('grpo_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    cases = JSON.parse(run.stdout) as Cases;
  });

  test('compares rewards within a group', () => {
    // Mean 1/2, sum of squares 1, deviation sqrt(1/3): 0.5 / (0.577350 + 0.0001).
    close(cases.advantages.divided[0], [0.865876, -0.865876, -0.865876, 0.865876]);
    close(cases.advantages.centred[0], [0.5, -0.5, -0.5, 0.5]);
  });

  test('blames the whole answer, or words for words and the box for the box', () => {
    const column = (name: keyof Cases['blamed'], which: number) =>
      cases.blamed[name][0]!.map((pair) => pair[which]!);
    // Totals 1.2, 1.8 and 3.75 (format 0.5 in all): their mean is 2.25.
    for (const which of [0, 1]) close(column('whole', which), [-1.05, -0.45, 1.5]);
    // Answer and words 1.5, 0.5, 0.75; box and coherence -0.8, 0.8, 2.5.
    close(column('parts', 0), [0.583333, -0.416667, -0.166667]);
    close(column('parts', 1), [-1.633333, -0.033333, 1.666667]);
    expect(cases.blamed.whole[1]!.flat()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('compares every part by itself, so that its scale says nothing', () => {
    const each = cases.blamed.each.flat(2);
    cases.blamed.eachScaled.flat(2).forEach((value, index) => expect(value).toBeCloseTo(each[index]!, 3));
    // Divided by the deviation over the batch: of the six answers' advantages it is 1.
    const values = cases.blamed.each.flat().map((pair) => pair[0]!);
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(square).toBeCloseTo(1, 2);
  });

  test('gives equal rewards an advantage of exactly 0', () => {
    expect(cases.advantages.divided[1]).toEqual([0, 0, 0, 0]);
  });

  test('leaves a reward that is not a number out of the comparison', () => {
    // 1 and 0 are left: deviation sqrt(1/2), 0.5 / (0.707107 + 0.0001).
    close(cases.advantages.divided[2], [0.707007, 0, -0.707007, 0]);
  });

  test('clips what would go on in its direction, and only that', () => {
    close(cases.surrogate.loss, [-1.3, 1.5, -0.5, 0.8]);
    expect(cases.surrogate.clipped).toEqual([true, false, false, true]);
    close(cases.surrogate.gradient, [0, 1.5, -0.5, 0]);
  });

  test('estimates the KL by k3', () => {
    // 1/2 - ln(1/2) - 1, 2 - ln 2 - 1, and 0 where the policies agree.
    close(cases.kl, [0.193147, 0.306853, 0]);
  });

  test('averages over sequences, tokens, or by a constant', () => {
    expect(cases.aggregated.once).toEqual({ sequence: 2.25, token: 2, constant: 0.75 });
    expect(cases.aggregated.twice).toEqual({ sequence: 2.5, token: 2.25, constant: 0.75 });
  });

  test('refuses an aggregation it does not know', () => {
    expect(cases.refusal).toContain('expected one of sequence, token, constant');
  });

  test('makes a policy prefer the rewarded token', () => {
    expect(cases.free.rewarded).toBeGreaterThan(0.9);
    expect(cases.free.firstKl).toBe(0);
  });

  test('keeps a policy near its reference where the KL coefficient says so', () => {
    expect(cases.tied.rewarded).toBeGreaterThan(1 / 6);
    expect(cases.tied.kl).toBeLessThan(cases.free.kl / 2);
  });
});
