import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { attendsInPlace } from '../../main/inference/graphs/in-place-graphs.ts';
import { readSkeleton } from '../../main/inference/onnx/onnx-skeleton.ts';
import { importCheckpoint } from '../../models/import/index.ts';
import { goldenFolder } from './golden.ts';

const checkpoint = `${goldenFolder}model_tied`;

test('keys and values that grouped-query attention alone reads and writes can be kept in place; joined ones cannot', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'in-place-'));
  try {
    for (const attention of ['gqa', 'concat'] as const) {
      const out = path.join(folder, attention);
      const manifest = await importCheckpoint({
        ...{ checkpoint, out, dtype: 'fp32', layout: 'transformers', attention },
      });
      const skeleton = await readSkeleton(path.join(out, manifest.graphs.decoder));
      const { layers } = manifest.parameters;
      expect(attendsInPlace(skeleton, layers)).toBe(attention === 'gqa');
      // A layer that the graph doesn't have is not kept in place either.
      expect(attendsInPlace(skeleton, layers + 1)).toBe(false);
    }
    const own = await importCheckpoint({ checkpoint, out: path.join(folder, 'own'), dtype: 'fp32' });
    const inPlace = await readSkeleton(path.join(folder, 'own', own.graphs.decoderInPlace!));
    expect(attendsInPlace(inPlace, own.parameters.layers)).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
