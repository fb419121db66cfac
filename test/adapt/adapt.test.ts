import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adaptModel } from '../../models/adapt/index.ts';
import type { AdaptOptions } from '../../models/adapt/index.ts';
import { findPython, noPython, pythonEnvironment } from '../training/python.ts';
import { maskedPicture, maskLabels, put, twoPatients } from './marked-pictures.ts';

/** The whole of `models adapt` by its command: from masks of two patients and the embedded model to one of its own. */

const repository = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'adapt-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function adapt(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const command = ['--json', '--home', at('home'), 'models', 'adapt', ...args];
  return spawnSync(process.execPath, [join(repository, 'main/hosts/cli/index.ts'), ...command], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...pythonEnvironment, ...environment },
  });
}

beforeAll(() => twoPatients(at('data'), 3));

test('without a Python that can train says what to install, before anything is written', () => {
  const ended = adapt(['--data', at('data'), '--out', at('none')], { PYTHON: '/nowhere/python3' });
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain('No Python that can train was found (/nowhere/python3: not found)');
  expect(ended.stderr).toContain('pip install torch numpy pillow');
  expect(existsSync(at('none'))).toBe(false);
});

test('refuses one patient alone, a base that is none, and nothing marked', async () => {
  put(at('one/labels.json'), maskLabels);
  for (let n = 0; n < 8; n++) maskedPicture(at('one'), `p1/a/${n}`, [[30, 30 + n, 10]]);
  const options: AdaptOptions = {
    ...{ base: join(repository, 'models/nano'), annotated: [at('one')], reviewed: [], out: at('refused') },
    ...{ several: 'union', heldOut: null, onePatient: false, method: 'full', fromScratch: false },
    ...{ steps: 1, seed: 1, name: 'adapted', fresh: false },
  };
  const refusal = (changed: Partial<AdaptOptions>): Promise<unknown> =>
    adaptModel(
      { ...options, ...changed },
      {
        picture: () => Promise.reject(new Error('no picture is looked at')),
        signal: new AbortController().signal,
        onProgress: () => {},
        onNote: () => {},
      },
    ).catch((error: unknown) => error);
  expect(await refusal({})).toMatchObject({
    code: 'invalid-input',
    message: expect.stringContaining('All pictures are of one patient (p1)') as string,
  });
  expect(await refusal({ base: at('one') })).toMatchObject({
    code: 'model-unsupported',
    message: expect.stringContaining('it has no manifest.json') as string,
  });
  expect(await refusal({ annotated: [] })).toMatchObject({
    code: 'invalid-input',
    message: expect.stringContaining('No marked pictures are named') as string,
  });
  expect(existsSync(at('refused'))).toBe(false);
});

const python = findPython();
if (!python) console.warn(noPython);

describe.skipIf(!python)('with PyTorch', () => {
  const python3 = { PYTHON: python };
  const common = ['--data', at('data'), '--hold-out', 'p2', '--steps', '2', '--method', 'lora'];

  test('makes a model that can be imported, goes on where it stopped, and refuses other options', () => {
    const first = adapt([...common, '--out', at('out')], python3);
    expect(first.status, first.stderr).toBe(0);
    const report = JSON.parse(first.stdout) as {
      figures: { patient: string; subject: string; places: number }[];
    };
    expect(new Set(report.figures.map(({ patient }) => patient))).toEqual(new Set(['p2']));
    const all = report.figures.find(({ subject }) => subject === 'all');
    const rows = readFileSync(at('out/dataset/test.jsonl'), 'utf8').trim().split('\n');
    const places = rows.filter(
      (row) =>
        row.includes('"questionType":"location"') &&
        row.includes('"wording":"dataset"') &&
        !row.includes('"not visible"'),
    );
    expect(all?.places).toBe(places.length);
    const manifest = JSON.parse(readFileSync(at('out/model/manifest.json'), 'utf8')) as {
      domain: string;
      labels: { grounding: string[] };
      taught: { kinds: { kind: string }[] };
    };
    expect(manifest.domain).toBe('surgical');
    expect(manifest.labels.grounding).toEqual(['surgical_tool', 'vocal_folds']);
    expect(manifest.taught.kinds.map(({ kind }) => kind)).toEqual(['location', 'grounding']);

    // Again: what was done is not done anew, what is missing is.
    const made = (): number[] =>
      ['run/checkpoint.pt', 'model/model.safetensors', 'answers.jsonl'].map(
        (name) => statSync(at('out', name)).mtimeMs,
      );
    const before = made();
    rmSync(at('out/report.json'));
    const again = adapt([...common, '--out', at('out')], python3);
    expect(again.status, again.stderr).toBe(0);
    expect(made()).toEqual(before);
    expect(existsSync(at('out/report.json'))).toBe(true);
    expect(JSON.parse(again.stdout)).toMatchObject({ figures: report.figures });

    const other = adapt([...common, '--seed', '2', '--out', at('out')], python3);
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringContaining('was begun with other options'),
    ]);

    const command = ['--home', at('home'), 'models', 'import', at('out/model'), '--out', at('imported')];
    const imported = spawnSync(process.execPath, [join(repository, 'main/hosts/cli/index.ts'), ...command], {
      encoding: 'utf8',
    });
    expect(imported.status, imported.stderr).toBe(0);
  }, 300_000);
});
