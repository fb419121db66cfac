import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { calibrated } from '../../main/inference/answer/answer-result.ts';
import { calibration, selection } from '../../models/evaluation/metrics/index.ts';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface Fit {
  slope: number;
  intercept: number;
}

interface Cases {
  fitted: Fit;
  overconfident: Fit;
  points: [number, number][];
  given: Fit;
  allRight: string;
  turned: string;
  told: [number, boolean][];
  report: { answers: number; auroc: number; aurc: number; ece: number };
  nothingWrong: { answers: number; auroc: null; aurc: number; ece: number };
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('a calibration', () => {
  let cases: Cases;

  beforeAll(() => {
    const script = fileURLToPath(new URL('calibrate_cases.py', import.meta.url));
    const run = spawnSync(python ?? '', [script], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    cases = JSON.parse(run.stdout) as Cases;
  });

  test('finds the numbers by which answers were made right or wrong', () => {
    expect(cases.fitted.slope).toBeCloseTo(0.6, 1);
    expect(cases.fitted.intercept).toBeCloseTo(0.8, 1);
  });

  test('states three in four for a model that is certain and right three times in four', () => {
    expect(calibrated(-1e-6, ofWeights(cases.overconfident))).toBeCloseTo(0.75, 2);
    expect(calibrated(-2, ofWeights(cases.overconfident))).toBeCloseTo(0.25, 2);
  });

  test('is the same number in training and in the workstation', () => {
    for (const [log, stated] of cases.points) {
      expect(calibrated(log, ofWeights(cases.given))).toBeCloseTo(stated, 12);
    }
  });

  test('is judged by the numbers of evaluation, ties and the ends of its range too', () => {
    const answers = cases.told.map(([probability, right]) => ({ probability, right }));
    const { auroc, aurc } = selection(answers);
    expect(cases.report.answers).toBe(answers.length);
    expect(cases.report.auroc).toBeCloseTo(auroc!, 4);
    expect(cases.report.aurc).toBeCloseTo(aurc, 4);
    expect(cases.report.ece).toBeCloseTo(calibration(answers).error, 4);
    expect(cases.nothingWrong).toEqual({ answers: 2, auroc: null, aurc: 0, ece: 0.4 });
  });

  test('refuses what tells nothing: no wrong answer, or the surest answers wrong', () => {
    expect(cases.allRight).toContain('0 wrong answers: a calibration needs both');
    expect(cases.turned).toContain('do not tell right from wrong');
  });
});

const ofWeights = (fit: Fit) => ({ ...fit, weightsSha256: 'a'.repeat(64), fittedTo: 'made-up answers' });
