import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importCheckpoint } from '../../models/import/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'decoder-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('nothing but keys and values is kept of a token that was decoded', async () => {
  const out = path.join(folder, 'model');
  const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
  await importCheckpoint({ checkpoint, out, dtype: 'q8' });
  const child = fileURLToPath(new URL('./decoder-memory-child.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, out]);
  const [early, late] = JSON.parse(stdout) as [number, number];
  // A plan of each run's memory, were it kept, would come to more than 20.
  expect(late - early).toBeLessThan(12);
});
