import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { findPython, noPython } from './python.ts';

const python = findPython();
if (!python) console.warn(noPython);
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function run(version: '3' | '4'): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'reward-plugins-'));
  folders.push(folder);
  const script = fileURLToPath(new URL('rewards_plugins.py', import.meta.url));
  const { SURGERY_R1_REWARDS: _, ...environment } = process.env;
  const child = spawnSync(python ?? '', [script, folder, version], {
    encoding: 'utf8',
    timeout: 60_000,
    env: environment,
  });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout) as Record<string, unknown>;
}

describe.skipIf(!python)('the reward plug-ins', () => {
  // Format 0.5, answer 1, box 1, coherence 1; the lost box costs both penalties; free text is paid nothing.
  const totals = [3.5, 0.5, 0];

  test.each(['3', '4'] as const)('answer in the shapes of TRL, verl and ms-swift %s', (version) => {
    const said = run(version);
    expect(said['trl']).toEqual(totals);
    expect(said['trlText']).toEqual(totals);
    expect(said['trlParted']).toEqual(totals);
    expect(said['trlCoherence']).toEqual([1, -1, 0]);
    expect(said['trlName']).toBe('surgery_r1_reward');
    expect(said['verl']).toEqual([
      { score: 3.5, format: 1, answer: 1, box: 1, words: 1, coherence: 1 },
      { score: 0.5, format: 1, answer: 1, box: 0, words: 1, coherence: -1 },
      { score: 0, format: 0, answer: 0, box: 0, words: 0, coherence: 0 },
    ]);
    expect(said['verlQuestion']).toBe(-0.5);
    expect(said['swift']).toEqual(totals);
    expect(said['swiftBox']).toEqual([1, 0, 0]);
    expect(said['swiftNames']).toEqual([
      'surgery_r1',
      'surgery_r1_answer',
      'surgery_r1_box',
      'surgery_r1_coherence',
      'surgery_r1_format',
      'surgery_r1_words',
    ]);
    // Nobody marked the box: it can't be missed, and words are held against the answer's own.
    expect(said['trlUnmarked']).toEqual([2.5, 1, 0]);
    expect(said['withoutCoherence']).toEqual([2.5, 1.5, 0]);
    // Modules of ours named evaluate or dataset must not hide a trainer's libraries.
    expect(said['clean']).toBe(true);
    expect(said['noTruth']).toMatch(/neither a column solution nor label, box, width, height; it has answer/);
    expect(said['notJson']).toMatch(/not JSON: 'Idle'/);
    expect(said['lacking']).toMatch(/lacks box, width, height; it has label/);
    expect(said['fewer']).toBe('3 completions came with 2 truths.');
    expect(said['noConfiguration']).toMatch(/none\.json: cannot be read \(No such file or directory\)/);
  });
});
