import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';
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

describe('an import that is stopped', () => {
  it.each([0, 0.4, 0.9])('after %d of its work leaves nothing', async (share) => {
    const controller = new AbortController();
    const out = bench.path('model');
    const attempt = importCheckpoint({
      checkpoint: bench.copy(),
      out,
      dtype: 'fp32',
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        if (done >= share * total) controller.abort();
      },
    });
    await expect(attempt).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(out)).toBe(false);
    expect(bench.leftovers()).toEqual([]);
  });
});
