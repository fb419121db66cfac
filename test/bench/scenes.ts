import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeScene, sceneTruth } from '../../models/data/scenes/describe.ts';
import { renderScene } from '../../models/data/scenes/draw.ts';
import { sceneSeed } from '../../models/data/scenes/random.ts';
import { writeScenes } from '../../models/data/scenes/write.ts';
import type { BenchTable } from './table.ts';

const size = { width: 448, height: 360 };
const frames = 600;
const alone = 150;
/** What a training set of 25,000 scenes in a few minutes needs. Printed beside the figure, not a gate. */
const wanted = 100;

function milliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** How fast synthetic scenes are drawn and written, and what a frame costs one thread. */
export async function run(): Promise<BenchTable[]> {
  const out = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-scenes-'));
  try {
    const drawing = { seed: 1, out, ...size, format: 'jpg', workers: 2 } as const;
    const begun = performance.now();
    await writeScenes({ ...drawing, frames });
    const perSecond = frames / ((performance.now() - begun) / 1000);

    const options = { aspect: size.width / size.height };
    renderScene(describeScene(1, options), size);
    const cost = { describe: 0, truth: 0, draw: 0 };
    for (let index = 0; index < alone; index += 1) {
      let since = process.cpuUsage();
      const scene = describeScene(sceneSeed(2, index), options);
      cost.describe += milliseconds(since) / alone;
      since = process.cpuUsage();
      sceneTruth(scene, size);
      cost.truth += milliseconds(since) / alone;
      since = process.cpuUsage();
      renderScene(scene, size).encodeSync('jpeg', 92);
      cost.draw += milliseconds(since) / alone;
    }
    return [
      {
        title: `Synthetic scenes of ${size.width}x${size.height} as JPEG`,
        rows: [
          { name: `two threads, files written (wanted: ${wanted})`, value: perSecond, unit: 'frames/s' },
          { name: 'processor time to compose a scene', value: cost.describe, unit: 'ms' },
          { name: 'processor time for its labels', value: cost.truth, unit: 'ms' },
          { name: 'processor time to draw and encode it', value: cost.draw, unit: 'ms' },
        ],
      },
    ];
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
