import type { FrameIndex } from '../../../preload/contract/index.ts';
import { median } from '../table.ts';
import { withWorkstation } from '../workstation.ts';

/** Milliseconds that a frame of the bundled clip takes from the file to its pixels, one that is not near another. */
export const frameDecoding = (): Promise<number> =>
  withWorkstation(async (workstation) => {
    const { video } = await workstation.openDemonstration();
    const times: number[] = [];
    for (const index of [0, 50, 100, 150, 25, 75, 125]) {
      const begin = performance.now();
      await workstation.media.frame(video.id, index as FrameIndex, AbortSignal.timeout(60_000));
      times.push(performance.now() - begin);
    }
    return median(times);
  });
