import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildDataset, convertDataset } from '../../models/data/index.ts';
import { FORMATS, VERL_COLUMNS } from '../../models/data/dataset/formats.ts';

type Row = Record<string, unknown>;

const root = fileURLToPath(new URL('../..', import.meta.url));
const recipes = join(root, 'models/training/recipes');
const read = (file: string): string => readFileSync(join(recipes, file), 'utf8');

describe('what `data convert` writes is what the recipes name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'recipes-'));
  /** Where the guide lets each format be written: run/data/<its name without -sharegpt>. */
  const out = (format: string): string => join(folder, format.replace('-sharegpt', ''));
  const rows = (format: string): Row[] =>
    readFileSync(join(out(format), 'train.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);

  beforeAll(async () => {
    const fixture = join(root, 'test/fixtures/data/EndoVis-18-VQLA');
    for (const [split, sequence] of Object.entries({ train: 'seq_2', validation: 'seq_10', test: 'seq_5' })) {
      mkdirSync(join(folder, split));
      cpSync(join(fixture, sequence), join(folder, split, sequence), { recursive: true });
    }
    await buildDataset({
      out: join(folder, 'dataset'),
      sources: (['train', 'validation', 'test'] as const).map((split) => ({
        folder: join(folder, split),
        split,
      })),
      kinds: ['grounding-qa', 'chain-of-thought'],
      seed: 1,
    });
    for (const format of FORMATS)
      await convertDataset({ folder: join(folder, 'dataset'), format, out: out(format) });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every file below run/data that a recipe reads', () => {
    const named = globSync('**/*.{sh,yaml}', { cwd: recipes }).flatMap((file) =>
      [...read(file).matchAll(/run\/data\/([\w-]+)\/([\w.]+)/g)].map(([, name = '', data = '']) =>
        join(name, data),
      ),
    );
    expect(new Set(named)).toEqual(
      new Set([
        'ms-swift/train.jsonl',
        'ms-swift/validation.jsonl',
        'ms-swift-grpo/train.jsonl',
        'trl-grpo/train.jsonl',
        'verl/train.parquet',
        'verl/validation.parquet',
      ]),
    );
    expect([...new Set(named)].filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });

  test('LLaMA-Factory: the names of dataset_info.json, its files and columns', () => {
    const info = JSON.parse(readFileSync(join(out('llamafactory'), 'dataset_info.json'), 'utf8')) as Record<
      string,
      { file_name: string; columns: { messages: string; images: string } }
    >;
    for (const file of globSync('llamafactory/qwen2_5_vl_*.yaml', { cwd: recipes })) {
      const recipe = parse(read(file)) as Record<string, string>;
      expect(recipe['dataset_dir']).toBe('run/data/llamafactory');
      for (const name of [recipe['dataset'] ?? '', recipe['eval_dataset'] ?? '']) {
        const { file_name = '', columns } = info[name] ?? {};
        const [row] = JSON.parse(readFileSync(join(out('llamafactory'), file_name), 'utf8')) as Row[];
        expect(Object.keys(row ?? {}).sort()).toEqual([columns?.messages, columns?.images].sort());
      }
    }
  });

  test('verl: the keys of prompt and image, and what its reward function is given', () => {
    const key = (name: string) => new RegExp(`data\\.${name}=(\\w+)`).exec(read('verl/grpo.sh'))?.[1] ?? '';
    expect(Object.keys(VERL_COLUMNS)).toEqual(
      expect.arrayContaining([
        key('prompt_key'),
        key('image_key'),
        'data_source',
        'reward_model',
        'extra_info',
      ]),
    );
  });

  test('TRL: the columns that grpo.py opens, and one picture that is there', () => {
    const [row] = rows('trl-grpo');
    expect(row).toHaveProperty('prompt');
    expect(read('trl/grpo.py')).toContain('rows[0]["images"][0]');
    expect(existsSync((row?.['images'] as string[])[0] ?? '')).toBe(true);
  });

  test('the guide names every column, and no other', () => {
    const guide = readFileSync(join(root, 'docs/TRAINING.md'), 'utf8');
    for (const format of FORMATS) {
      const line = guide.split('\n').find((text) => text.startsWith(`| \`${format}\``)) ?? '';
      const named = [...(line.split('|')[3] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name);
      const written =
        format === 'verl'
          ? Object.keys(VERL_COLUMNS).filter((name) => name !== 'ability')
          : Object.keys(
              format === 'llamafactory-sharegpt'
                ? ((JSON.parse(readFileSync(join(out(format), 'train.json'), 'utf8')) as Row[])[0] ?? {})
                : (rows(format)[0] ?? {}),
            );
      expect(named.sort(), format).toEqual(written.sort());
    }
    expect(readdirSync(out('verl')).sort()).toEqual(['test.parquet', 'train.parquet', 'validation.parquet']);
  });

  test('what stage 1 teaches is what stage 2 pays in full, by each plug-in', () => {
    const taught = rows('ms-swift').map(({ messages }) => (messages as { content: string }[])[1]?.content);
    const truths = rows('trl-grpo').map(({ solution }) => solution);
    expect(rows('ms-swift-grpo').map(({ solution }) => solution)).toEqual(truths);
    const code = `
import json, sys
sys.path.insert(0, sys.argv[1])
import trl_reward, verl_reward
taught, truths = json.load(sys.stdin)
completions = [[{"role": "assistant", "content": text}] for text in taught]
print(json.dumps([trl_reward.surgery_r1_reward(None, completions, solution=truths),
                  [verl_reward.compute_score("surgery_r1", *pair)["score"] for pair in zip(taught, truths)]]))`;
    const run = spawnSync('python3', ['-c', code, join(root, 'models/training/plugins')], {
      encoding: 'utf8',
      input: JSON.stringify([taught, truths]),
    });
    expect(run.stderr).toBe('');
    const weights = JSON.parse(readFileSync(join(root, 'models/training/rewards.json'), 'utf8')) as Record<
      string,
      { weight?: number }
    >;
    const whole = ['format', 'answer', 'box', 'coherence'].reduce(
      (sum, name) => sum + (weights[name]?.weight ?? Number.NaN),
      0,
    );
    expect(taught.length).toBeGreaterThan(3);
    expect(JSON.parse(run.stdout)).toEqual([taught.map(() => whole), taught.map(() => whole)]);
  });
});
