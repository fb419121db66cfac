import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

interface SmokeReport {
  packed: number;
  sizes: string[];
  eyes: number[];
  speech: number[];
  edges: number[];
  resumed: { stage: number; step: number }[];
  validated: number[];
  adapted: number[];
  moved: string[];
  sameAnswers: boolean;
  chances: number[];
  parsed: { label: string; box: number[]; reasoning: string };
  located: string;
  whole: { pieces: boolean; mirror: boolean };
  refusals: Record<'shape' | 'line' | 'split' | 'write' | 'log' | 'noLog' | 'unnamed' | 'full', string>;
  checkpointKept: boolean;
  files: string[];
}

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('supervised training at toy size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'training-'));
  let report: SmokeReport;

  beforeAll(() => {
    const script = fileURLToPath(new URL('smoke.py', import.meta.url));
    const run = spawnSync(python ?? '', [script, folder], { encoding: 'utf8', env: pythonEnvironment });
    expect(run.status, run.stderr).toBe(0);
    report = JSON.parse(run.stdout) as SmokeReport;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('packs frames of several shapes and lowers the loss in both steps', () => {
    expect(report.packed).toBe(9);
    expect(report.sizes).toEqual(['112x84', '84x112']);
    expect(report.eyes).toHaveLength(8);
    expect(report.speech).toHaveLength(12);
    expect(Math.min(...report.eyes.slice(-2))).toBeLessThan(report.eyes[0] ?? 0);
    expect(Math.min(...report.speech.slice(-2))).toBeLessThan(report.speech[0] ?? 0);
  });

  test('resumes from the checkpoint with what was learnt', () => {
    expect(report.resumed).toMatchObject([{ stage: 1, step: 8 }]);
    expect(report.edges[8]).toBeLessThan(report.edges[0] ?? 0);
  });

  test('validates with the questions of frames spread over the set', () => {
    // Four frames; of the five questions of each, one asks for an absent instrument and is counted apart.
    expect(report.validated).toEqual([16]);
  });

  test('exports a checkpoint that answers the same one token at a time as in a batch', () => {
    expect(report.files).toContain('manifest.json');
    expect(report.sameAnswers).toBe(true);
    for (const chance of report.chances) expect(chance).toBeGreaterThan(0);
  });

  test('trains adapters alone, which an export merges', () => {
    expect(Math.min(...report.adapted.slice(-2))).toBeLessThan(report.adapted[0] ?? 0);
    expect(report.moved).toEqual(['q_proj', 'v_proj']);
  });

  test('writes answers that it can read back, whose pieces are the tokens of the whole, mirrored too', () => {
    expect(report.parsed).toMatchObject({ label: report.located, box: [0, 4, 8, 12] });
    expect(report.whole).toEqual({ pieces: true, mirror: true });
  });

  test('names what is wrong: a tensor of another shape, a broken line, an empty split, a full disk', () => {
    expect(report.refusals.shape).toContain('gate_proj.weight has the shape [64, 47]');
    expect(report.refusals.line).toContain('broken.jsonl:2: not JSON');
    expect(report.refusals.split).toContain('test.jsonl: missing');
    expect(report.refusals.write).toContain('There is no earlier checkpoint');
    expect(report.refusals.log).toContain('broken.jsonl:2: not JSON');
    expect(report.refusals.noLog).toContain('log.jsonl: cannot be read (No such file or directory)');
    expect(report.refusals.unnamed).toContain('give NAME=FILE');
    expect(report.refusals.full).toContain('No space left on device');
    expect(report.refusals.full).toContain('The last checkpoint is kept');
    expect(report.checkpointKept).toBe(true);
  });
});
