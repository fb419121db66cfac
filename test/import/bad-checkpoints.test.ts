import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../models/import/checkpoint.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { toErrorReport } from '../../preload/contract/errors.ts';
import { CheckpointBench, changeJson, changeTensors } from './checkpoint-files.ts';
import type { RawTensor } from './checkpoint-files.ts';

const bench = new CheckpointBench();
afterAll(() => bench.remove());

const refusal = (checkpoint: string, out?: string) => bench.refusal(checkpoint, out);

const norm = 'model.layers.1.input_layernorm.weight';

function withTensor(change: (tensor: RawTensor) => RawTensor, name = norm): string {
  const folder = bench.copy();
  changeTensors(folder, (tensors) => void tensors.set(name, change(tensors.get(name)!)));
  return folder;
}

describe('weights that do not fit', () => {
  it('a missing tensor is named', async () => {
    const folder = bench.copy();
    changeTensors(folder, (tensors) => void tensors.delete(norm));
    const report = await refusal(folder);
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toBe(`The checkpoint has no ${norm}.`);
  });

  it('an untied checkpoint without an output matrix is refused', async () => {
    const folder = bench.copy();
    changeJson(join(folder, 'config.json'), (json) => void (json['tie_word_embeddings'] = false));
    expect((await refusal(folder)).message).toContain('lm_head.weight');
  });

  it('a tensor of another shape is named with both shapes', async () => {
    const folder = withTensor(
      (tensor) => ({ ...tensor, shape: [32, 64] }),
      'model.layers.0.self_attn.q_proj.weight',
    );
    changeTensors(folder, (tensors) => {
      const tensor = tensors.get('model.layers.0.self_attn.q_proj.weight')!;
      tensor.bytes = tensor.bytes.subarray(0, 32 * 64 * 4);
      return tensors;
    });
    const report = await refusal(folder);
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toBe(
      'model.layers.0.self_attn.q_proj.weight has the shape [32, 64]; config.json asks for [64, 64].',
    );
  });

  it('tensors that the architecture does not have are listed', async () => {
    const folder = bench.copy();
    changeTensors(folder, (tensors) => {
      const extra = tensors.get(norm)!;
      return new Map([
        ...tensors,
        ['model.layers.0.self_attn.q_proj.lora_A.weight', extra],
        ['score.weight', extra],
      ]);
    });
    const report = await refusal(folder);
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toContain('model.layers.0.self_attn.q_proj.lora_A.weight, score.weight');
  });

  it('a type that is no float is refused', async () => {
    const folder = withTensor((tensor) => ({
      ...tensor,
      dtype: 'F8_E4M3',
      bytes: tensor.bytes.subarray(0, 64),
    }));
    const report = await refusal(folder);
    expect(report.code).toBe('model-unsupported');
    expect(report.message).toContain(`${norm} is stored as F8_E4M3`);
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])('a value of %d is named with its place', async (value) => {
    const folder = withTensor((tensor) => {
      tensor.bytes.writeFloatLE(value, 4 * 5);
      tensor.bytes.writeFloatLE(value, 4 * 41);
      return tensor;
    });
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toBe(
      `${norm} in model.safetensors holds 2 of 64 values that are no finite numbers, the first of them ${value} at position 5.`,
    );
  });
});

describe('weights that half floats cannot hold', () => {
  it('are refused as fp16 alone', async () => {
    const name = 'model.layers.1.mlp.up_proj.weight';
    const folder = withTensor((tensor) => {
      tensor.bytes.writeFloatLE(-70_000, 4 * 7);
      return tensor;
    }, name);
    const attempt = importCheckpoint({ checkpoint: folder, out: bench.path('model'), dtype: 'fp16' });
    await expect(attempt).rejects.toMatchObject({
      code: 'model-unsupported',
      message: `${name} in model.safetensors holds -70000 at position 7, which fp16 cannot hold.`,
    });
    await importCheckpoint({ checkpoint: folder, out: bench.path('model'), dtype: 'int4' });
  });
});

describe('files that are missing or damaged', () => {
  it('a folder that is not there', async () => {
    expect((await refusal(bench.path('nothing'))).code).toBe('model-missing-file');
  });

  it.each(['config.json', 'model.safetensors', 'preprocessor_config.json'])('no %s', async (name) => {
    const folder = bench.copy();
    rmSync(join(folder, name));
    const report = await refusal(folder);
    expect(report.code).toBe('model-missing-file');
    expect(report.message).toContain(name);
  });

  it('a missing shard', async () => {
    const folder = bench.copy('5_untied_bf16_sharded');
    rmSync(join(folder, 'model-00002-of-00002.safetensors'));
    const report = await refusal(folder);
    expect(report.code).toBe('model-missing-file');
    expect(report.message).toContain('model-00002-of-00002.safetensors');
  });

  it('a shard without the tensor that the index says', async () => {
    const folder = bench.copy('5_untied_bf16_sharded');
    changeJson(join(folder, 'model.safetensors.index.json'), (json) => {
      (json['weight_map'] as Record<string, string>)['model.extra.weight'] =
        'model-00001-of-00002.safetensors';
    });
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toContain('model-00001-of-00002.safetensors');
    expect(report.message).toContain('model.extra.weight');
  });

  it('an index that leads out of the folder', async () => {
    const folder = bench.copy('5_untied_bf16_sharded');
    changeJson(join(folder, 'model.safetensors.index.json'), (json) => {
      (json['weight_map'] as Record<string, string>)['lm_head.weight'] = '../other/model.safetensors';
    });
    expect((await refusal(folder)).code).toBe('model-altered-file');
  });

  it.each([
    ['ends early', (size: number) => size - 1000, 'it ends early'],
    ['ends within its header', () => 4000, 'its header needs'],
    ['is empty', () => 0, 'it has 0 bytes'],
  ])('a weight file that %s', async (_, size, message) => {
    const folder = bench.copy();
    const file = join(folder, 'model.safetensors');
    truncateSync(file, size(statSync(file).size));
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toContain('model.safetensors');
    expect(report.message).toContain(message);
  });

  it('a weight file that is something else', async () => {
    const folder = bench.copy();
    writeFileSync(
      join(folder, 'model.safetensors'),
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    );
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toContain('model.safetensors');
  });

  it('a config.json that cannot be read', async () => {
    const folder = bench.copy();
    rmSync(join(folder, 'config.json'));
    mkdirSync(join(folder, 'config.json'));
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toBe('config.json is a folder, where a file is expected.');
  });

  // Windows keeps permissions elsewhere.
  it.skipIf(process.platform === 'win32')('a config.json that this account may not read', async () => {
    const folder = bench.copy();
    chmodSync(bench.root, 0o755);
    chmodSync(join(folder, 'config.json'), 0o000);
    // The administrator may read everything, so the folder is looked at as nobody is.
    const administrator = process.geteuid?.() === 0;
    if (administrator) process.seteuid?.(65_534);
    try {
      const error: unknown = await openCheckpoint(folder).catch((reason: unknown) => reason);
      expect(toErrorReport(error)).toMatchObject({
        code: 'file-unreadable',
        message: 'config.json cannot be read (permission denied).',
      });
    } finally {
      if (administrator) process.seteuid?.(0);
    }
  });

  it('a config.json that is not JSON', async () => {
    const folder = bench.copy();
    writeFileSync(join(folder, 'config.json'), '{');
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toBe('config.json is not valid JSON.');
  });
});

describe('a configuration that is not right', () => {
  it.each([
    ['another model type', { model_type: 'qwen2_vl' }, 'model-wrong-architecture', 'qwen2_vl'],
    [
      'another class',
      { architectures: ['LlamaForCausalLM'] },
      'model-wrong-architecture',
      'LlamaForCausalLM',
    ],
    ['no model type', { model_type: undefined }, 'model-wrong-architecture', 'unknown'],
    [
      'weights quantised already',
      { quantization_config: { bits: 4 } },
      'model-unsupported',
      'quantization_config',
    ],
    ['a missing field', { num_hidden_layers: undefined }, 'model-mismatch', 'num_hidden_layers'],
    ['no sections', { rope_scaling: { type: 'mrope' } }, 'model-mismatch', 'mrope_section'],
    [
      'sections of another head',
      { rope_scaling: { mrope_section: [16, 24, 24] } },
      'model-mismatch',
      'mrope_section',
    ],
    ['a token beyond the vocabulary', { image_token_id: 512 }, 'model-mismatch', 'token 512'],
    ['a sliding window', { use_sliding_window: true }, 'model-mismatch', 'use_sliding_window'],
  ])('%s', async (_, change, code, message) => {
    const folder = bench.copy();
    changeJson(join(folder, 'config.json'), (json) => void Object.assign(json, change));
    const report = await refusal(folder);
    expect(report.code).toBe(code);
    expect(report.message).toContain(message);
  });

  it('a tokenizer that gives the image token another id', async () => {
    const folder = bench.copy();
    writeFileSync(
      join(folder, 'tokenizer.json'),
      JSON.stringify({
        added_tokens: [
          { id: 502, content: '<|vision_start|>' },
          { id: 503, content: '<|vision_end|>' },
          { id: 504, content: '<|image_pad|>' },
        ],
      }),
    );
    writeFileSync(join(folder, 'tokenizer_config.json'), '{}');
    const report = await refusal(folder);
    expect(report.code).toBe('model-mismatch');
    expect(report.message).toBe('The tokenizer gives id 504 to <|image_pad|>; config.json says 505.');
  });

  it('Qwen2-VL is told that its vision part is the reason', async () => {
    const folder = bench.copy();
    changeJson(join(folder, 'config.json'), (json) => void (json['model_type'] = 'qwen2_vl'));
    expect((await refusal(folder)).hint).toContain('Qwen2-VL has another vision part');
  });

  it('a tokenizer without a chat template, wherever one may be', async () => {
    const folder = bench.copy();
    const ids = { '<|vision_start|>': 502, '<|vision_end|>': 503, '<|image_pad|>': 505 };
    const added = Object.entries(ids).map(([content, id]) => ({ content, id }));
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ added_tokens: added }));
    writeFileSync(join(folder, 'tokenizer_config.json'), '{"chat_template": null}');
    const report = await refusal(folder);
    expect(report.code).toBe('model-missing-file');
    expect(report.message).toContain('no chat template');
    writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}');
    const manifest = await importCheckpoint({ checkpoint: folder, out: bench.path('model'), dtype: 'q8' });
    expect(manifest.tokenizer).toBe(true);
  });
});

/** A checkpoint with a manifest of its own, as the embedded model has one. */
function withManifest(): string {
  const folder = bench.copy();
  const files = Object.fromEntries(
    ['config.json', 'model.safetensors', 'preprocessor_config.json'].map((name) => {
      const content = readFileSync(join(folder, name));
      return [name, { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }];
    }),
  );
  changeJson(join(folder, 'manifest.json'), (json) =>
    Object.assign(json, {
      formatVersion: 1,
      id: 'small',
      name: 'Small',
      version: '2.0.0',
      architecture: 'qwen2_5_vl',
      licence: 'Apache-2.0',
      domain: 'synthetic',
      domainNote: 'Drawn scenes.',
      coordinateSpace: 'normalized-1000',
      coordinateStep: 20,
      answerFormat: 'think-answer-json',
      labels: { organ: ['kidney'], state: ['Idle'], location: ['left-top'], absent: 'not visible' },
      maxNewTokens: 96,
      files,
    }),
  );
  return folder;
}

describe('a checkpoint with a manifest of its own', () => {
  it('is imported under what the manifest says', async () => {
    const manifest = await importCheckpoint({
      checkpoint: withManifest(),
      out: bench.path('model'),
      dtype: 'q8',
    });
    expect(manifest).toMatchObject({
      kind: 'imported',
      id: 'small',
      name: 'Small',
      version: '2.0.0',
      licence: 'Apache-2.0',
      domain: 'synthetic',
      coordinateSpace: 'normalized-1000',
      coordinateStep: 20,
      labels: { organ: ['kidney'], absent: 'not visible' },
      maxNewTokens: 96,
      dtype: 'q8',
      tokenizer: false,
    });
    expect(Object.keys(manifest.files)).not.toContain('model.safetensors');
  });

  it.each(['model.safetensors', 'preprocessor_config.json'])('with one byte of %s altered', async (name) => {
    const folder = withManifest();
    const content = readFileSync(join(folder, name));
    content[content.length - 3] = content[content.length - 3]! ^ 1;
    writeFileSync(join(folder, name), content);
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toBe(`${name} is not as it was made: its hash differs from the manifest.`);
  });

  it('with a listed file cut short', async () => {
    const folder = withManifest();
    truncateSync(join(folder, 'model.safetensors'), 500_000);
    const report = await refusal(folder);
    expect(report.code).toBe('model-altered-file');
    expect(report.message).toContain('model.safetensors');
    expect(report.message).toContain('it has 500000 bytes');
  });

  it('with a listed file missing', async () => {
    const folder = withManifest();
    rmSync(join(folder, 'preprocessor_config.json'));
    const report = await refusal(folder);
    expect(report.code).toBe('model-missing-file');
    expect(report.message).toContain('preprocessor_config.json');
  });

  it('with a manifest that lists no weights', async () => {
    const folder = withManifest();
    changeJson(join(folder, 'manifest.json'), (json) => {
      delete (json['files'] as Record<string, unknown>)['model.safetensors'];
    });
    expect((await refusal(folder)).message).toContain('it does not list model.safetensors');
  });
});
