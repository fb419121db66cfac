import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { iou } from '../../../preload/contract/boxes.ts';
import { Box } from '../../../preload/contract/index.ts';

/** The part of the bundled clip's ground truth that the demonstration compares with. */
const Scenes = z.object({
  frames: z.array(
    z.object({
      index: z.int(),
      instruments: z.array(z.object({ tool: z.string(), state: z.string(), place: z.string(), box: Box })),
    }),
  ),
});
export type Scenes = z.infer<typeof Scenes>;

export async function readScenes(file: string): Promise<Scenes> {
  return Scenes.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Where the instrument was drawn in the frame, and how much the answer's box overlaps it; null if it isn't there. */
export function truthFor(
  scenes: Scenes,
  frameIndex: number,
  tool: string,
  answered: Box | null,
): { place: string; state: string; box: Box; overlap: number } | null {
  const frame = scenes.frames.find(({ index }) => index === frameIndex);
  const drawn = frame?.instruments.find((instrument) => instrument.tool === tool);
  if (!drawn) return null;
  const { place, state, box } = drawn;
  return { place, state, box, overlap: answered ? iou(answered, box) : 0 };
}
