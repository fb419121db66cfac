import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import options from '../../models/training/recipes/options.json' with { type: 'json' };
import { flatten, optionsOfCommand } from './recipes.ts';

interface Trainer {
  version: string;
  pages: Record<string, string>;
  options: Record<string, string>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const recipes = join(root, 'models/training/recipes');
const trainers: Record<string, Trainer> = options;
const files = (pattern: string): string[] => globSync(pattern, { cwd: recipes }).sort();
const read = (file: string): string => readFileSync(join(recipes, file), 'utf8');
const yaml = (file: string): Record<string, unknown> => parse(read(file)) as Record<string, unknown>;
const python = (code: string, ...given: string[]) =>
  spawnSync('python3', ['-c', code, ...given], { encoding: 'utf8' });

const llamaFactory = files('llamafactory/qwen2_5_vl_*.yaml');
const trl = files('trl/qwen2_5_vl_*.yaml');
const scripts = files('**/*.sh');

/** Every file of the recipes with the options it gives, each under the trainer whose list must have them. */
function optionsGiven(): [file: string, trainer: string, keys: string[]][] {
  const section = (file: string, name: string) => Object.keys(yaml(file)[name] as object);
  return [
    ...llamaFactory.map((file): [string, string, string[]] => [
      file,
      'llamafactory',
      Object.keys(yaml(file)),
    ]),
    ...files('llamafactory/deepspeed_*.json').map((file): [string, string, string[]] => [
      file,
      'deepspeed',
      flatten(JSON.parse(read(file)) as object),
    ]),
    ...files('*/accelerate_*.yaml').map((file): [string, string, string[]] => [
      file,
      'accelerate',
      flatten(yaml(file)),
    ]),
    ...trl.map((file): [string, string, string[]] => [file, 'trl', section(file, 'grpo')]),
    ...trl.map((file): [string, string, string[]] => [file, 'peft', section(file, 'lora')]),
    ...files('ms-swift/*.sh').map((file): [string, string, string[]] => [
      file,
      'ms-swift',
      optionsOfCommand(read(file)),
    ]),
    ['verl/grpo.sh', 'verl', optionsOfCommand(read('verl/grpo.sh'))],
    ['trl/serve.sh', 'trl-vllm-serve', optionsOfCommand(read('trl/serve.sh'))],
  ];
}

const given = optionsGiven();

test('the folder holds what the guide names: two sizes, both kinds, four trainers', () => {
  expect(llamaFactory.map((file) => basename(file))).toEqual([
    'qwen2_5_vl_3b_full.yaml',
    'qwen2_5_vl_3b_lora.yaml',
    'qwen2_5_vl_7b_full.yaml',
    'qwen2_5_vl_7b_lora.yaml',
  ]);
  expect(trl.map((file) => basename(file))).toEqual(['qwen2_5_vl_3b.yaml', 'qwen2_5_vl_7b.yaml']);
  expect(scripts).toEqual([
    'ms-swift/grpo.sh',
    'ms-swift/rollout.sh',
    'ms-swift/sft.sh',
    'trl/serve.sh',
    'verl/grpo.sh',
  ]);
});

describe('options', () => {
  test.each(given)('%s gives only documented options of %s', (_file, trainer, keys) => {
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.filter((key) => !(key in (trainers[trainer]?.options ?? {})))).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(Object.entries(trainers))('%s: every option has its page, none is left over', (name, trainer) => {
    expect(trainer.version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const page of Object.values(trainer.pages)) expect(page).toMatch(/^https:\/\/[^/]+\/.+/);
    expect(Object.values(trainer.options).filter((page) => !(page in trainer.pages))).toEqual([]);
    expect(
      Object.keys(trainer.pages).filter((page) => !Object.values(trainer.options).includes(page)),
    ).toEqual([]);
    const used = new Set(given.flatMap(([, of, keys]) => (of === name ? keys : [])));
    expect(Object.keys(trainer.options).filter((key) => !used.has(key))).toEqual([]);
  });

  test('the versions are those of the requirements', () => {
    const pinned = (file: string, name: string) =>
      new RegExp(`^${name}==(.+)$`, 'm').exec(read(`requirements/${file}.txt`))?.[1];
    expect(pinned('llamafactory', 'llamafactory')).toBe(trainers['llamafactory']?.version);
    expect(pinned('llamafactory', 'deepspeed')).toBe(trainers['deepspeed']?.version);
    expect(pinned('trl', 'trl')).toBe(trainers['trl']?.version);
    expect(pinned('trl', 'peft')).toBe(trainers['peft']?.version);
    expect(pinned('trl', 'accelerate')).toBe(trainers['accelerate']?.version);
    expect(pinned('ms-swift', 'ms-swift')).toBe(trainers['ms-swift']?.version);
    expect(pinned('verl', 'verl')).toBe(trainers['verl']?.version);
  });
});

describe('what the files say of each other', () => {
  test('every path below models/ or docs/ that a recipe or the guide names is there', () => {
    const named = [
      ...files('**/*').filter((file) => extname(file) !== ''),
      '../../../docs/TRAINING.md',
    ].flatMap((file) =>
      [...read(file).matchAll(/(?<![\w/.-])(?:models|docs)\/[\w./-]*\w/g)].map(([path]) => [file, path]),
    );
    expect(named.length).toBeGreaterThan(30);
    // Paths of the trainers' own repositories are among them: docs/source_en of ms-swift, docs/... of verl.
    const foreign = /^docs\/(source_en|examples|advance|preparation)\//;
    expect(named.filter(([, path = '']) => !foreign.test(path) && !existsSync(join(root, path)))).toEqual([]);
  });

  test('every option that names a file of ours names one that is there', () => {
    for (const file of llamaFactory) {
      const { deepspeed } = yaml(file);
      expect(existsSync(join(root, String(deepspeed))), `${file}: ${String(deepspeed)}`).toBe(true);
    }
  });

  test('the largest picture is the same everywhere', () => {
    const pixels = [
      ...llamaFactory.map((file) => String(yaml(file)['image_max_pixels'])),
      ...files('ms-swift/*.sh').map((file) => /MAX_PIXELS=(\d+)/.exec(read(file))?.[1]),
      ...[...read('../../../docs/TRAINING.md').matchAll(/--max-pixels (\d+)/g)].map((match) => match[1]),
    ];
    expect(pixels.length).toBeGreaterThan(8);
    expect(new Set(pixels)).toEqual(new Set(['1003520']));
  });

  test('the three GRPO trainers agree: group, temperature, KL, rate, adapter', () => {
    const value = (file: string, key: string) =>
      new RegExp(`(?:--| )${key.replaceAll('.', '\\.')}[ =](\\S+)`).exec(read(file))?.[1];
    const actor = 'actor_rollout_ref.actor';
    for (const file of trl) {
      const { grpo, lora } = yaml(file) as Record<'grpo' | 'lora', Record<string, unknown>>;
      expect(grpo).toMatchObject({
        num_generations: 8,
        temperature: 1,
        beta: 0.001,
        learning_rate: 1e-5,
        epsilon: 0.2,
      });
      expect(lora).toMatchObject({ r: 64, lora_alpha: 128 });
    }
    const pairs: [string, string, number][] = [
      ['num_generations', 'actor_rollout_ref.rollout.n', 8],
      ['temperature', 'actor_rollout_ref.rollout.temperature', 1],
      ['beta', `${actor}.kl_loss_coef`, 0.001],
      ['learning_rate', `${actor}.optim.lr`, 1e-5],
      ['epsilon', `${actor}.clip_ratio`, 0.2],
      ['lora_rank', 'actor_rollout_ref.model.lora_rank', 64],
      ['lora_alpha', 'actor_rollout_ref.model.lora_alpha', 128],
    ];
    for (const [swift, verl, expected] of pairs) {
      expect(Number(value('ms-swift/grpo.sh', swift)), swift).toBe(expected);
      expect(Number(value('verl/grpo.sh', verl)), verl).toBe(expected);
    }
  });

  test('a step of TRL holds whole groups', () => {
    for (const file of trl) {
      const grpo = yaml(file)['grpo'] as Record<string, number>;
      const { num_processes } = yaml('trl/accelerate_zero2.yaml') as { num_processes: number };
      const answers =
        num_processes *
        (grpo['per_device_train_batch_size'] ?? 0) *
        (grpo['gradient_accumulation_steps'] ?? 0);
      expect(answers % (grpo['num_generations'] ?? 0)).toBe(0);
      expect(answers).toBe(256);
    }
  });
});

describe('scripts', () => {
  test.each(scripts)('%s is read by bash', (file) => {
    const run = spawnSync('bash', ['-n', join(recipes, file)], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  test.each(scripts)('%s says how it is used', (file) => {
    const run = spawnSync('bash', [join(recipes, file)], { encoding: 'utf8', cwd: root });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain('usage:');
  });

  test.each([
    ['3.12.5', '--train_type'],
    ['4.0.1', '--tuner_type'],
  ])('the ms-swift scripts name the tuner as version %s does', (version, flag) => {
    const folder = mkdtempSync(join(tmpdir(), 'swift-'));
    const info = join(folder, `ms_swift-${version}.dist-info`);
    mkdirSync(info);
    writeFileSync(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ms-swift\nVersion: ${version}\n`);
    writeFileSync(join(folder, 'swift'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const env = { ...process.env, PYTHONPATH: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const said = [
      ['sft.sh', '3b', 'lora', '1'],
      ['grpo.sh', '3b', '4'],
    ].map(([script = '', ...given]) => {
      const run = spawnSync('bash', [join(recipes, 'ms-swift', script), ...given], { encoding: 'utf8', env });
      return /--(?:train|tuner)_type \w+/.exec(run.stdout)?.[0];
    });
    rmSync(folder, { recursive: true });
    expect(said).toEqual([`${flag} lora`, `${flag} lora`]);
  });

  test('sft.sh refuses a number of GPUs that cannot share 64 rows', () => {
    const run = spawnSync('bash', [join(recipes, 'ms-swift/sft.sh'), '3b', 'lora', '3'], {
      encoding: 'utf8',
    });
    expect([run.status, run.stderr]).toEqual([
      2,
      'sft.sh: 64 rows a step cannot be shared by 3 GPUs of 4; use 1, 2, 4 or 8\n',
    ]);
  });

  test.each(files('**/*.py'))('%s compiles', (file) => {
    const run = python(
      'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")',
      join(recipes, file),
    );
    expect(run.stderr).toBe('');
  });

  test.each(['answer.py', 'merge.py', 'trl/grpo.py'])('%s explains itself without its libraries', (file) => {
    const run = spawnSync('python3', [join(recipes, file), '--help'], { encoding: 'utf8' });
    expect(run.stdout).toContain(relative(root, resolve(recipes, file)));
    expect(run.status).toBe(0);
  });
});

describe('rewards', () => {
  const plugins = join(root, 'models/training/plugins');
  // The base class of ms-swift is stood in for: what is looked at is the names that the plug-in registers.
  const names = `
import json, sys, types
sys.path.insert(0, sys.argv[1])
swift = types.ModuleType("swift"); rewards = types.ModuleType("swift.rewards")
rewards.ORM, rewards.orms = type("ORM", (), {}), {}
sys.modules.update({"swift": swift, "swift.rewards": rewards})
import swift_reward, trl_reward, verl_reward
callables = lambda module: [name for name in dir(module) if callable(getattr(module, name))]
print(json.dumps({"swift": list(rewards.orms), "trl": callables(trl_reward), "verl": callables(verl_reward),
                  "torch": "torch" in sys.modules}))`;

  test('the functions that the recipes name are in the plug-ins, which need no torch', () => {
    const run = python(names, plugins);
    expect(run.stderr).toBe('');
    const found = JSON.parse(run.stdout) as Record<'swift' | 'trl' | 'verl', string[]> & { torch: boolean };
    expect(found.torch).toBe(false);
    for (const file of trl) {
      const { rewards } = yaml(file) as { rewards: { functions: string[] } };
      expect(found.trl).toEqual(expect.arrayContaining(rewards.functions));
    }
    expect(found.swift).toContain(/--reward_funcs (\S+)/.exec(read('ms-swift/grpo.sh'))?.[1]);
    expect(found.verl).toContain(/custom_reward_function\.name=(\S+)/.exec(read('verl/grpo.sh'))?.[1]);
  });
});
