import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './host.ts';

interface Drawn {
  tool: string;
  state: string;
  place: string;
  box: [number, number, number, number];
}

const clip = JSON.parse(readFileSync(join(repository, 'resources/clip/demo.json'), 'utf8')) as {
  frames: { index: number; instruments: Drawn[] }[];
};

/** What was drawn into a frame of the bundled clip. */
export function drawnIn(frameIndex: number, tool: string): Drawn {
  const drawn = clip.frames[frameIndex]?.instruments.find((instrument) => instrument.tool === tool);
  if (!drawn) throw new Error(`no ${tool} in frame ${frameIndex}`);
  return drawn;
}
