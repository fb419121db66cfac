import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkstation } from '../../../main/workstation.ts';
import type { FrameIndex } from '../../../preload/contract/index.ts';
import { median } from '../table.ts';

/** Milliseconds that a frame of the bundled clip takes from the file to its pixels, one that is not near another. */
export async function frameDecoding(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'surgery-r1-bench-'));
  const workstation = await createWorkstation({
    home,
    host: 'command-line',
    hostReason: null,
    log: () => undefined,
    exclusive: false,
  });
  try {
    const { video } = await workstation.openDemonstration();
    const times: number[] = [];
    for (const index of [0, 50, 100, 150, 25, 75, 125]) {
      const begin = performance.now();
      await workstation.media.frame(video.id, index as FrameIndex, AbortSignal.timeout(60_000));
      times.push(performance.now() - begin);
    }
    return median(times);
  } finally {
    await workstation.dispose();
    await rm(home, { recursive: true, force: true });
  }
}
