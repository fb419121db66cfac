import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython, noPython, pythonEnvironment } from './python.ts';

/**
 * The whole chain of the README of models/training at toy size, by its own commands: scenes, dataset, packing,
 * stage 1, stage 2 with the coherence reward, export, import, answers, figures.
 */

const repository = resolve(import.meta.dirname, '../..');
const training = join(repository, 'models/training');
const python = findPython();
if (!python) console.warn(noPython);

type Json = Record<string, unknown>;
const readJson = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;
const lines = (path: string): Json[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);

describe.skipIf(!python)('from nothing to an evaluated model, at toy size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chain-'));
  const at = (...parts: string[]): string => join(folder, ...parts);

  function run(command: string, args: readonly string[]): string {
    const ended = spawnSync(command, args, { encoding: 'utf8', cwd: folder, env: pythonEnvironment });
    expect(ended.status, `${args.join(' ')}\n${ended.stdout}\n${ended.stderr}`).toBe(0);
    return ended.stdout;
  }
  const cli = (...args: string[]): string =>
    run(process.execPath, [join(repository, 'main/hosts/cli/index.ts'), ...args, '--home', at('home')]);
  const train = (script: string, options: string): string =>
    run(python ?? '', [join(training, script), ...options.split(' ')]);

  beforeAll(() => {
    mkdirSync(at('scenes'));
    for (const [name, seed, frames] of [
      ['train', '1', '10'],
      ['test', '2', '3'],
    ] as const) {
      cli(
        'scenes',
        '--frames',
        frames,
        '--seed',
        seed,
        '--size',
        '140x112',
        '--format',
        'jpg',
        '--out',
        at('scenes', name),
      );
    }
    cli(
      'data',
      'build',
      '--train',
      at('scenes/train'),
      '--test',
      at('scenes/test'),
      '--seed',
      '1',
      '--out',
      at('dataset'),
    );

    const settings = readJson(join(training, 'nano.json'));
    const model = settings['model'] as Json;
    const vision = { depth: 2, hidden_size: 32, intermediate_size: 48, num_heads: 2, window_size: 112 };
    Object.assign(model, {
      hidden_size: 48,
      intermediate_size: 64,
      num_hidden_layers: 3,
      mrope_section: [1, 1, 2],
    });
    model['vision'] = { ...vision, fullatt_block_indexes: [1] };
    const stage = { batch: 4, steps: 3, warmupSteps: 1, rateEnd: 1 };
    const stages = [
      { ...stage, name: 'eyes', questions: 0 },
      { ...stage, name: 'speech', questions: 3 },
    ];
    writeFileSync(at('sft.json'), JSON.stringify({ ...settings, readLayer: 1, logSteps: 1, stages }));
    const reinforcement = readJson(join(training, 'rft.json'));
    const sampling = {
      ...(reinforcement['sampling'] as Json),
      group: 4,
      limit: 24,
      temperature: 1,
      boxTemperature: 1,
    };
    const small = {
      ...reinforcement,
      steps: 2,
      images: 2,
      questions: 2,
      logSteps: 1,
      validationSteps: 0,
      sampling,
      // With the KL term no sampled answer is left out, also where all are paid the same.
      policy: { ...(reinforcement['policy'] as Json), kl: 0.02 },
    };
    writeFileSync(at('rft.json'), JSON.stringify(small));

    for (const split of ['train', 'test']) {
      train('dataset.py', `--data dataset --split ${split} --config sft.json --out packed/${split}`);
    }
    train('sft.py', '--config sft.json --data packed/train --out runs/sft');
    train('rft.py', '--config rft.json --data packed/train --init runs/sft --out runs/rft');
    const logs = '--log sft=runs/sft/log.jsonl --log rft=runs/rft/log.jsonl';
    train('export.py', `--checkpoint runs/rft/checkpoint.pt ${logs} --out model`);
    train('evaluate.py', '--model model --data packed/test --out answers.jsonl --wordings dataset');
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('both stages ran on what the stage before left', () => {
    const first = lines(at('runs/sft/log.jsonl'));
    expect(first.filter(({ stage }) => stage === 'speech')).toHaveLength(3);
    // What is watched beside the steps stands in the same log.
    const logged = lines(at('runs/rft/log.jsonl'));
    expect(logged.some(({ event }) => event === 'watched')).toBe(true);
    const second = logged.filter(({ event, total }) => event === undefined && total !== undefined);
    expect(second).toHaveLength(2);
    for (const { coherence, kl, length } of second) {
      expect(Number.isFinite(coherence)).toBe(true);
      expect(Number.isFinite(kl)).toBe(true);
      expect(length).toBeGreaterThan(0);
    }
    // The policy is its own reference before the first update.
    expect(Math.abs(Number(second[0]?.['kl']))).toBeLessThan(1e-5);
  });

  test('the logs of both stages lie beside the weights as they were written', () => {
    for (const stage of ['sft', 'rft']) {
      const kept = readFileSync(at(`model/training-log-${stage}.jsonl`));
      expect(kept.equals(readFileSync(at(`runs/${stage}/log.jsonl`)))).toBe(true);
    }
  });

  test('the exported folder is imported, and the engine and PyTorch are measured by the same figures', () => {
    cli('models', 'import', 'model', '--out', 'imported');
    expect(readJson(at('imported/manifest.json'))).toMatchObject({
      id: 'surgery-r1-nano',
      domain: 'synthetic',
    });
    const rows = lines(at('dataset/test.jsonl')).filter(({ wording }) => wording === 'dataset');
    const answers = lines(at('answers.jsonl')).slice(1);
    expect(answers.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());

    cli(
      'evaluate',
      '--data',
      'dataset',
      '--split',
      'test',
      '--answers',
      'answers.jsonl',
      '--out',
      'torch.json',
    );
    cli(
      'evaluate',
      '--data',
      'dataset',
      '--split',
      'test',
      '--model',
      'imported',
      '--limit',
      '4',
      '--out',
      'engine.json',
    );
    for (const [name, count] of [
      ['torch', rows.length],
      ['engine', 4],
    ] as const) {
      const { figures } = readJson(at(`${name}.json`)) as {
        figures: { byType: Record<string, { questions: number }> };
      };
      const asked = Object.values(figures.byType).map(({ questions }) => questions);
      expect(asked.reduce((sum, questions) => sum + questions)).toBe(count);
    }
  }, 120_000);
});
