import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Answerer, type AnswerRequest, type OpenAnswererOptions } from '../../main/inference/index.ts';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { drawScene } from '../../models/data/scenes/draw.ts';
import { importCheckpoint } from '../../models/import/index.ts';

const size = { width: 640, height: 512 };

/** Opens the embedded model in 32 bits on the CPU for as long as `use` takes. */
export async function withEmbedded<Result>(
  use: (answerer: Answerer) => Promise<Result>,
  options: Partial<OpenAnswererOptions> = {},
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-'));
  try {
    const checkpoint = fileURLToPath(new URL('../../models/nano', import.meta.url));
    const directory = join(folder, 'nano');
    await importCheckpoint({ checkpoint, out: directory, dtype: 'fp32' });
    const answerer = await Answerer.open({ ...options, directory, device: 'cpu' });
    try {
      return await use(answerer);
    } finally {
      await answerer.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A scene to ask about, and an instrument in it. */
export function drawnScene(seed: number): { frame: AnswerRequest['frame']; tool: string } {
  const described = describeScene(seed);
  const rgba = drawScene(described, size);
  const rgb = Uint8Array.from({ length: size.width * size.height * 3 }, (_, at) => {
    return rgba[Math.floor(at / 3) * 4 + (at % 3)]!;
  });
  const tool = sceneTruth(described, size).instruments[0]?.tool ?? 'stapler';
  return { frame: { ...size, rgb, hash: `bench-${seed}` }, tool };
}
