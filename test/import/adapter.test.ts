import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, posix, win32 } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseWithin } from '../../models/import/adapter.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import type { ImportOptions } from '../../models/import/index.ts';
import { toErrorReport, type ErrorReport } from '../../preload/contract/errors.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import { goldenFolder, largestDifference, readGolden } from '../inference/golden.ts';
import { findPython, noPython, pythonEnvironment } from '../training/python.ts';
import { CheckpointBench, changeJson, readTensors, renameTensors, writeTensors } from './checkpoint-files.ts';
import type { RawTensor } from './checkpoint-files.ts';
import { GraphRunner } from './graph-runner.ts';

const base = join(goldenFolder, 'model_tied');
const bench = new CheckpointBench();
const made = bench.path('made');
const adapter = join(made, 'adapter');
const config = 'adapter_config.json';
const weights = 'adapter_model.safetensors';

const python = findPython();
if (python === undefined) console.warn(noPython);

beforeAll(() => {
  if (python === undefined) return;
  const script = fileURLToPath(new URL('./adapter_case.py', import.meta.url));
  const run = spawnSync(python, [script, base, made], { env: pythonEnvironment, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
}, 120_000);
afterAll(() => bench.remove());

async function imported(options: Partial<ImportOptions>) {
  const out = bench.path('model');
  const manifest = await importCheckpoint({ checkpoint: base, out, dtype: 'fp32', ...options });
  return { out, manifest };
}

async function logitsOf({ out, manifest }: { out: string; manifest: ModelManifest }): Promise<Float32Array> {
  const runner = await GraphRunner.open(out, manifest);
  try {
    const golden = readGolden('1_tied_200x150');
    return await runner.prefill(golden, await runner.imageFeatures(golden));
  } finally {
    await runner.close();
  }
}

/** Hashes of the weights' files. */
const weightHashes = ({ files }: ModelManifest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).flatMap(([name, { sha256 }]) => (name.includes('_data') ? [[name, sha256]] : [])),
  );

function copyOfAdapter(): string {
  const folder = bench.path('adapter');
  cpSync(adapter, folder, { recursive: true });
  return folder;
}

function withConfig(change: Record<string, unknown>): string {
  const folder = copyOfAdapter();
  changeJson(join(folder, config), (json) => void Object.assign(json, change));
  return folder;
}

function withTensors(change: (tensors: Map<string, RawTensor>) => void): string {
  const folder = copyOfAdapter();
  const tensors = readTensors(join(folder, weights));
  change(tensors);
  writeTensors(join(folder, weights), tensors);
  return folder;
}

async function refusal(folder: string): Promise<ErrorReport> {
  const out = bench.path('model');
  const error: unknown = await importCheckpoint({
    checkpoint: base,
    adapter: folder,
    out,
    dtype: 'fp32',
  }).catch((reason: unknown) => reason);
  expect(existsSync(out)).toBe(false);
  return toErrorReport(error);
}

describe.skipIf(python === undefined)('an adapter merged on the way', () => {
  it('gives the logits of the checkpoint that training merged it into', async () => {
    const expected = await logitsOf(await imported({ checkpoint: join(made, 'merged') }));
    const found = await imported({ adapter });
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = (logits: Float32Array) => largestDifference(logits, expected) / largest;
    expect(difference(await logitsOf(found))).toBeLessThan(1e-5);
    expect(difference(await logitsOf(await imported({})))).toBeGreaterThan(0.1);
    expect(found.manifest).toMatchObject({ id: 'model_tied-adapter', name: 'model_tied with adapter' });
    expect(found.manifest.source.adapter?.name).toBe('adapter');
  });

  it('may say of the model that it makes what its base cannot', async () => {
    const told = copyOfAdapter();
    writeFileSync(
      join(told, 'surgery-r1.json'),
      '{"answerFormat": "think-answer-json", "domain": "surgical"}',
    );
    expect((await imported({ adapter: told })).manifest).toMatchObject({
      name: expect.stringContaining('model_tied with ') as string,
      domain: 'surgical',
      answerFormat: 'think-answer-json',
    });
  });

  it('may be the folder given, which holds its base or is given one', async () => {
    const expected = weightHashes((await imported({ adapter })).manifest);
    const whole = withConfig({ base_model_name_or_path: './the-base' });
    cpSync(base, join(whole, 'the-base'), { recursive: true });
    expect(weightHashes((await imported({ checkpoint: whole })).manifest)).toEqual(expected);
    const elsewhere = withConfig({ base_model_name_or_path: 'Qwen/Qwen2.5-VL-3B-Instruct' });
    expect(weightHashes((await imported({ checkpoint: elsewhere, base })).manifest)).toEqual(expected);
    await expect(imported({ checkpoint: elsewhere })).rejects.toMatchObject({
      code: 'model-missing-file',
      message: expect.stringContaining('an adapter for Qwen/Qwen2.5-VL-3B-Instruct') as string,
    });
    // Made by peft, it names the absolute path of its base, which is there; nobody has chosen that folder.
    await expect(imported({ checkpoint: adapter })).rejects.toMatchObject({
      code: 'model-missing-file',
      hint: expect.stringContaining('--base') as string,
    });
    const linked = withConfig({ base_model_name_or_path: 'link' });
    symlinkSync(base, join(linked, 'link'), 'junction');
    await expect(imported({ checkpoint: linked })).rejects.toMatchObject({ code: 'model-missing-file' });
    await expect(imported({ base })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it.each([
    ['rank-stabilised', { use_rslora: true, lora_alpha: 4 }],
    ['with targets as a pattern', { target_modules: '.*(q_proj|v_proj|down_proj|attn\\.qkv)' }],
    [
      'with ranks and scales by pattern',
      { r: 99, rank_pattern: { '.*_proj': 4, qkv: 4 }, lora_alpha: 1, alpha_pattern: { '.*': 8 } },
    ],
  ])('%s means the same', async (_, change) => {
    const expected = weightHashes((await imported({ adapter })).manifest);
    expect(weightHashes((await imported({ adapter: withConfig(change) })).manifest)).toEqual(expected);
  });

  it('fits a base whose names are those since transformers 4.52', async () => {
    const checkpoint = bench.copy();
    renameTensors(checkpoint);
    const expected = weightHashes((await imported({ adapter })).manifest);
    expect(weightHashes((await imported({ checkpoint, adapter })).manifest)).toEqual(expected);
  });

  it('is added a few rows at a time as well, and quantised with the weights', async () => {
    const whole = await imported({ adapter, dtype: 'int4' });
    const pieces = await imported({ adapter, dtype: 'int4', limits: { pieceValues: 200 } });
    expect(weightHashes(pieces.manifest)).toEqual(weightHashes(whole.manifest));
    const plain = await imported({ dtype: 'int4' });
    expect(weightHashes(plain.manifest)).not.toEqual(weightHashes(whole.manifest));
  });
});

describe.skipIf(python === undefined)('an adapter that cannot be merged', () => {
  it.each([
    ['use_dora', { use_dora: true }],
    ['modules_to_save', { modules_to_save: ['lm_head'] }],
    ['bias', { bias: 'lora_only' }],
    ['init_lora_weights', { init_lora_weights: 'pissa' }],
    ['IA3', { peft_type: 'IA3' }],
    ['target_modules', { target_modules: '(?P<name>.*)' }],
  ])('is refused by its field: %s', async (name, change) => {
    const report = await refusal(withConfig(change));
    expect(report.code).toBe('model-unsupported');
    expect(report.message).toContain(name);
  });

  const first = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight';

  it('of another rank is named with both shapes', async () => {
    const report = await refusal(withConfig({ r: 8 }));
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toMatch(/lora_A\.weight has the shape \[4, \d+\]; .* ask for \[8, \d+\]\.$/);
  });

  it('with half a pair is named', async () => {
    const report = await refusal(withTensors((tensors) => void tensors.delete(first)));
    expect(report.message).toBe(`adapter_model.safetensors has no ${first} beside its other half.`);
  });

  it('for a layer that the base does not have is named', async () => {
    const report = await refusal(
      withTensors((tensors) => {
        for (const half of ['A', 'B']) {
          const name = first.replace('lora_A', `lora_${half}`);
          tensors.set(name.replace('layers.0', 'layers.9'), tensors.get(name)!);
        }
      }),
    );
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toContain('model.layers.9.self_attn.q_proj');
  });

  it('without any tensors of one of its targets is named', async () => {
    const report = await refusal(
      withTensors((tensors) => {
        for (const name of tensors.keys()) if (name.includes('down_proj')) tensors.delete(name);
      }),
    );
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toContain('names down_proj');
  });

  it('with values that are no numbers is named', async () => {
    const report = await refusal(
      withTensors((tensors) => void tensors.get(first)!.bytes.writeFloatLE(Number.NaN, 8)),
    );
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toContain(first);
  });

  it('without its files is named', async () => {
    const folder = copyOfAdapter();
    rmSync(join(folder, weights));
    expect((await refusal(folder)).message).toContain(weights);
    rmSync(join(folder, config));
    expect((await refusal(folder)).message).toContain(config);
  });
});

describe('the base that an adapter names', () => {
  const outside: readonly (readonly [where: string, named: string])[] = [
    ['a share', '\\\\host\\share\\model'],
    ['a share with slashes', '//host/share/model'],
    ['a long path of a share', '\\\\?\\UNC\\host\\share'],
    ['a device path', '\\\\.\\pipe\\name'],
    ['a long path', '\\\\?\\C:\\models\\base'],
    ['another drive', 'D:\\models\\base'],
    ['another drive, from where it stands', 'D:base'],
    ['the root of the drive', '\\models\\base'],
    ['a full path', 'C:/models/base'],
    ['the folder beside', '..\\base'],
    ['a way out behind a way in', 'a/../../base'],
    ['the adapter itself', '.'],
    ['nothing', ''],
    ['a name with an end in it', 'base\0'],
  ];
  it.each(outside)('is not looked for on Windows at %s', (_, named) => {
    expect(baseWithin('C:\\picked\\adapter', named, win32)).toBeNull();
  });

  it.each([
    ['a full path', '/models/base'],
    ['the folder beside', '../base'],
    ['a way out behind a way in', 'a/../../base'],
    ['a name with an end in it', 'base\0'],
  ])('is not looked for elsewhere at %s', (_, named) => {
    expect(baseWithin('/picked/adapter', named, posix)).toBeNull();
  });

  it('is looked for inside of its own folder', () => {
    expect(baseWithin('C:\\picked\\adapter', 'Qwen/Qwen2.5-VL-3B', win32)).toBe(
      'C:\\picked\\adapter\\Qwen\\Qwen2.5-VL-3B',
    );
    expect(baseWithin('C:\\picked\\adapter', 'C:\\picked\\adapter\\base', win32)).toBe(
      'C:\\picked\\adapter\\base',
    );
    expect(baseWithin('\\\\host\\picked\\adapter', '.\\base', win32)).toBe('\\\\host\\picked\\adapter\\base');
    expect(baseWithin('/picked/adapter', './base', posix)).toBe('/picked/adapter/base');
  });
});
