import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { reasonInWords } from '../../../../main/platform/file-errors.ts';
import type { Tool } from '../../labels.ts';
import { describeScene, sceneTruth } from '../../scenes/describe.ts';
import { thingsOf } from '../../scenes/things.ts';
import { tipOf } from '../../scenes/tools.ts';
import { SceneTruth } from '../../scenes/types.ts';
import type { Point, Scene } from '../../scenes/types.ts';
import type { KnownScene } from './scene-questions.ts';

/** Where `scenes` writes the truth of a picture: `seq_N/scene/frameNNN.json` of `seq_N/left_frames/frameNNN.jpg`. */
const truthFile = (image: string): string =>
  join(dirname(dirname(image)), 'scene', `${basename(image, extname(image))}.json`);

/**
 * All that is known of a drawn picture. Its truth file holds the organ and the instruments; the rest is described anew
 * from its seed, as the same seed gives the same scene. `reason` where the file is missing, or another version of the
 * generator drew the picture, so that nothing more is known than the annotation.
 */
export async function knownScene(image: string): Promise<KnownScene | { reason: string }> {
  const file = truthFile(image);
  let truth: SceneTruth;
  try {
    truth = SceneTruth.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    return {
      reason: `its truth cannot be read (${reasonInWords(error).slice(0, 120)})`,
    };
  }
  const scene = describeScene(truth.seed, { aspect: truth.width / truth.height });
  if (JSON.stringify(sceneTruth(scene, truth)) !== JSON.stringify(truth)) {
    return { reason: 'it was drawn by another version of the generator; draw the scenes again' };
  }
  return { truth, things: thingsOf(scene, truth), onOrgan: onOrgan(scene) };
}

/** Instruments at work whose tip lies on the organ; an idle one hangs above it. */
function onOrgan(scene: Scene): ReadonlySet<Tool> {
  return new Set(
    scene.instruments
      .filter((item) => item.state !== 'Idle' && within(tipOf(item), scene.organ.outline))
      .map(({ tool }) => tool),
  );
}

/** Whether a point lies in a polygon: a ray from it crosses the outline an odd number of times. */
function within([x, y]: Point, outline: readonly Point[]): boolean {
  let inside = false;
  for (const [i, [x1, y1]] of outline.entries()) {
    const [x2, y2] = outline.at(i - 1)!;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
