import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
import type { ImportOptions, ImportProgress } from '../../models/import/index.ts';
import { ProgressMeter } from '../../models/import/progress.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import { CheckpointBench, changeJson, changeTensors } from './checkpoint-files.ts';
import type { RawTensor } from './checkpoint-files.ts';

const bench = new CheckpointBench();
afterAll(() => bench.remove());

const refusal = (checkpoint: string, out?: string) => bench.refusal(checkpoint, out);

describe('the place to write to', () => {
  it('has to be free', async () => {
    const out = bench.path('model');
    mkdirSync(out);
    writeFileSync(join(out, 'mine.txt'), 'keep');
    const attempt = importCheckpoint({ checkpoint: bench.copy(), out, dtype: 'fp32' });
    await expect(attempt).rejects.toMatchObject({ code: 'invalid-input' });
    expect(readFileSync(join(out, 'mine.txt'), 'utf8')).toBe('keep');
    expect(bench.leftovers()).toEqual([]);
  });

  it('may be taken meanwhile by another import, whose model then stays', async () => {
    const out = bench.path('model');
    const attempts = await Promise.allSettled(
      ['fp32', 'q8'].map((dtype) =>
        importCheckpoint({ checkpoint: bench.copy(), out, dtype: dtype as 'fp32' | 'q8' }),
      ),
    );
    expect(attempts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = attempts.find((attempt) => attempt.status === 'rejected')!;
    expect(lost.reason).toMatchObject({ code: 'invalid-input' });
    const won = attempts.find((attempt) => attempt.status === 'fulfilled')!;
    expect(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))).toEqual(won.value);
    expect(bench.leftovers()).toEqual([]);
  });

  it('may be an empty folder', async () => {
    const out = bench.path('model');
    mkdirSync(out);
    await importCheckpoint({ checkpoint: bench.copy(), out, dtype: 'fp32' });
    expect(existsSync(join(out, 'manifest.json'))).toBe(true);
  });

  it('has to be in a folder', async () => {
    const file = bench.path('file');
    writeFileSync(file, '');
    const report = await refusal(bench.copy(), join(file, 'model'));
    expect(report.code).toBe('store-unwritable');
    expect(report.message).toContain(basename(file));
  });

  it('needs room for the model, which is looked at before anything is written', async () => {
    // A vocabulary that would take about 5 TB: the weight file is sparse, the check sees only its header.
    const folder = bench.copy();
    const rows = 20_000_000_000;
    changeJson(join(folder, 'config.json'), (json) => void (json['vocab_size'] = rows));
    const name = 'model.embed_tokens.weight';
    changeTensors(folder, (tensors) => {
      const embeddings = tensors.get(name)!;
      tensors.delete(name);
      return tensors.set(name, embeddings);
    });
    const file = join(folder, 'model.safetensors');
    const content = readFileSync(file);
    const length = Number(content.readBigUInt64LE(0));
    const header = JSON.parse(content.toString('utf8', 8, 8 + length)) as Record<
      string,
      RawTensor & { data_offsets: number[] }
    >;
    const entry = header[name]!;
    entry.shape = [rows, 64];
    entry.data_offsets[1] = entry.data_offsets[0]! + rows * 256;
    const text = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(file, Buffer.concat([size, text]));
    truncateSync(file, 8 + text.length + entry.data_offsets[1]);
    const report = await refusal(folder);
    expect(report.code).toBe('store-full');
    expect(report.message).toMatch(/needs 51\d\d\.\d GB/);
  });
});

/** An import that is stopped when so much of its work is done. */
async function stopped(checkpoint: string, out: string, share: number, options: Partial<ImportOptions> = {}) {
  const controller = new AbortController();
  const attempt = importCheckpoint({
    checkpoint,
    out,
    dtype: 'int4',
    ...options,
    signal: controller.signal,
    onProgress: ({ done, total }) => {
      if (done >= share * total) controller.abort();
    },
  });
  await expect(attempt).rejects.toMatchObject({ code: 'cancelled' });
  expect(existsSync(out)).toBe(false);
}

const weightHashes = ({ files }: ModelManifest) =>
  Object.entries(files).flatMap(([name, { sha256 }]) => (name.includes('_data') ? [name, sha256] : []));

/** Progress of an import, and what it made. */
async function observed(checkpoint: string, out: string, options: Partial<ImportOptions> = {}) {
  const seen: ImportProgress[] = [];
  const onProgress = (progress: ImportProgress) => void seen.push(progress);
  const manifest = await importCheckpoint({ checkpoint, out, dtype: 'int4', ...options, onProgress });
  return { seen, manifest };
}

/** Files beside a model that an import left. */
const besides = (out: string) =>
  readdirSync(dirname(out)).filter((name) => name.startsWith(`${basename(out)}.`));

describe('an import that is stopped', () => {
  it('before anything is written leaves nothing', async () => {
    const out = bench.path('model');
    await stopped(bench.copy(), out, 0);
    expect(besides(out)).toEqual([]);
  });

  it.each([0.7, 0.8, 0.99])('after %d of its work is gone on with', async (share) => {
    const checkpoint = bench.copy();
    const out = bench.path('model');
    await stopped(checkpoint, out, share);
    expect(besides(out)).toEqual([expect.stringMatching(/\.interrupted-/)]);
    const { seen, manifest } = await observed(checkpoint, out);
    // The first report is of the source's hash, which is known; pieces that were done follow.
    expect(seen[0]!.done).toBeGreaterThan(1_000_000);
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
    const anew = await observed(checkpoint, bench.path('model'));
    expect(weightHashes(manifest)).toEqual(weightHashes(anew.manifest));
    expect(besides(out)).toEqual([]);
    expect(readdirSync(out)).not.toContain('import.jsonl');
  });

  it('makes what was written wrongly again', async () => {
    const checkpoint = bench.copy();
    const out = bench.path('model');
    await stopped(checkpoint, out, 0.8);
    const data = join(dirname(out), besides(out)[0]!, 'onnx', 'vision_encoder.onnx_data');
    const content = readFileSync(data);
    writeFileSync(data, content.fill(255, 0, 4000));
    const { manifest } = await observed(checkpoint, out);
    const anew = await observed(checkpoint, bench.path('model'));
    expect(weightHashes(manifest)).toEqual(weightHashes(anew.manifest));
  });

  it.each([
    ['another type of weights', { dtype: 'q8' as const }],
    ['a fresh start asked for', { fresh: true }],
  ])('is not gone on with for %s', async (_, options) => {
    const checkpoint = bench.copy();
    const out = bench.path('model');
    await stopped(checkpoint, out, 0.8);
    const { seen } = await observed(checkpoint, out, options);
    expect(seen[0]!.done).toBeLessThan(1_100_000);
    expect(besides(out)).toEqual([]);
  });

  it('by being killed is gone on with', async () => {
    const checkpoint = bench.copy();
    const out = bench.path('model');
    await stopped(checkpoint, out, 0.8);
    const killed = spawnSync(process.execPath, ['-e', '']).pid;
    const left = `${out}.importing-${killed}-0a0b0c0d`;
    renameSync(join(dirname(out), besides(out)[0]!), left);
    // The kill came in the middle of a line.
    appendFileSync(join(left, 'import.jsonl'), '{"piece":1');
    const { manifest } = await observed(checkpoint, out);
    expect(weightHashes(manifest)).toEqual(
      weightHashes((await observed(checkpoint, bench.path('m'))).manifest),
    );
    expect(besides(out)).toEqual([]);
  });

  it('by weights that are no good leaves nothing', async () => {
    const checkpoint = bench.copy();
    changeTensors(checkpoint, (tensors) => {
      tensors.get('model.layers.2.mlp.up_proj.weight')!.bytes.writeFloatLE(Number.NaN, 400);
    });
    const out = bench.path('model');
    await expect(importCheckpoint({ checkpoint, out, dtype: 'int4', threads: 2 })).rejects.toMatchObject({
      code: 'model-altered-file',
      message: expect.stringContaining('model.layers.2.mlp.up_proj.weight') as string,
    });
    expect(besides(out)).toEqual([]);
  });
});

describe('an import in several threads', () => {
  it('gives the same bytes, and can be stopped', async () => {
    const checkpoint = bench.copy('5_untied_bf16_sharded');
    const limits = { pieceValues: 1000, fileBytes: 50_000, tensorBytes: 10_000 };
    const one = await observed(checkpoint, bench.path('model'), { limits, threads: 0 });
    const out = bench.path('model');
    await stopped(checkpoint, out, 0.6, { limits, threads: 2 });
    const several = await observed(checkpoint, out, { limits, threads: 3 });
    expect(weightHashes(several.manifest)).toEqual(weightHashes(one.manifest));
    const files = Object.entries(one.manifest.files).filter(([name]) => name.includes('_data'));
    expect(files.length).toBeGreaterThan(6);
    for (const [, { bytes }] of files) expect(bytes).toBeLessThanOrEqual(50_000);
  });
});

describe('the time left', () => {
  it('follows the cost of what is done, and not what an earlier import did', () => {
    let now = 0;
    const activity = 'Reading the checkpoint';
    const seen: ImportProgress[] = [];
    const meter = new ProgressMeter(
      300,
      1000,
      (progress) => seen.push(progress),
      () => now,
    );
    meter.advance(100, 500, false);
    now = 500;
    meter.advance(10, 100);
    now = 2000;
    meter.advance(10, 100);
    expect(seen).toEqual([
      { done: 100, total: 300, secondsLeft: null, activity },
      { done: 110, total: 300, secondsLeft: null, activity },
      { done: 120, total: 300, secondsLeft: 3, activity },
    ]);
  });
});

describe('the self-test at the end', () => {
  it('passes a model that sees, and refuses one whose picture changes nothing', async () => {
    const checkpoint = bench.copy();
    await importCheckpoint({ checkpoint, out: bench.path('model'), dtype: 'int4', selfTest: true });
    changeTensors(checkpoint, (tensors) => {
      for (const part of ['weight', 'bias']) tensors.get(`visual.merger.mlp.2.${part}`)!.bytes.fill(0);
    });
    const out = bench.path('model');
    const attempt = importCheckpoint({ checkpoint, out, dtype: 'int4', selfTest: true });
    await expect(attempt).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('does not see') as string,
    });
    expect(existsSync(out)).toBe(false);
    expect(besides(out)).toEqual([]);
  });
});
