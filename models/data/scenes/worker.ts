import { parentPort, workerData } from 'node:worker_threads';
import { describeScene, sceneTruth } from './describe.ts';
import { renderScene } from './draw.ts';
import { sceneSeed } from './random.ts';
import { encodePng } from './png.ts';
import { framePaths, labelText, writeWhole } from './write.ts';
import type { WorkerShare } from './write.ts';

/** Draws its share of a run; the truth file of a frame is written last and marks it finished. */
const { run, out, indices } = workerData as WorkerShare;
const state = { stopped: false };
parentPort?.on('message', () => {
  state.stopped = true;
});

for (const index of indices) {
  const scene = describeScene(sceneSeed(run.seed, index), { aspect: run.width / run.height });
  const truth = sceneTruth(scene, run);
  const canvas = renderScene(scene, run);
  const paths = framePaths(run, out, index);
  writeWhole(
    paths.image,
    run.format === 'png'
      ? encodePng(
          canvas.getContext('2d').getImageData(0, 0, run.width, run.height).data,
          run.width,
          run.height,
        )
      : canvas.encodeSync('jpeg', run.quality),
  );
  writeWhole(paths.label, labelText(truth));
  writeWhole(paths.truth, JSON.stringify(truth));
  parentPort?.postMessage(index);
  // Let a request to stop come through between frames.
  await new Promise((resolve) => setImmediate(resolve));
  if (state.stopped) break;
}
parentPort?.close();
