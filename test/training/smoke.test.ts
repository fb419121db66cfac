import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface SmokeReport {
  packed: number;
  eyes: number[];
  speech: number[];
  edges: number[];
  resumed: { stage: number; step: number }[];
  validated: number[];
  sameAnswers: boolean;
  parsed: [string, number[]];
  files: string[];
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('the training path at toy size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'training-'));
  let report: SmokeReport;

  beforeAll(() => {
    const script = fileURLToPath(new URL('smoke.py', import.meta.url));
    const run = spawnSync(python ?? '', [script, folder], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    report = JSON.parse(run.stdout) as SmokeReport;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('packs frames and lowers the loss in both stages', () => {
    expect(report.packed).toBe(8);
    expect(report.eyes).toHaveLength(8);
    expect(report.speech).toHaveLength(12);
    expect(Math.min(...report.eyes.slice(-2))).toBeLessThan(report.eyes[0] ?? 0);
    expect(Math.min(...report.speech.slice(-2))).toBeLessThan(report.speech[0] ?? 0);
  });

  test('resumes from the checkpoint with what was learnt', () => {
    expect(report.resumed).toMatchObject([{ stage: 1, step: 8 }]);
    expect(report.edges[8]).toBeLessThan(report.edges[0] ?? 0);
  });

  test('validates with every question of the frames', () => {
    expect(report.validated).toEqual([12]);
  });

  test('exports a checkpoint that answers the same one token at a time as in a batch', () => {
    expect(report.files).toContain('manifest.json');
    expect(report.sameAnswers).toBe(true);
  });

  test('reads back the answer that the grammar writes', () => {
    expect(report.parsed).toEqual(['left-top', [0, 4, 8, 12]]);
  });
});
