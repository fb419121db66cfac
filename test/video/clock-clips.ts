import { readFileSync, writeFileSync } from 'node:fs';
import type { ClipFolder, ClipRecipe } from './clips.ts';

const h264 = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-crf',
  '20',
  '-g',
  '50',
  '-bf',
  '2',
];
const mpeg2 = ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2'];

/** Frames of a part, and the seconds at which its own clock begins. */
export interface Part {
  readonly frames: number;
  readonly at?: number;
  readonly width?: number;
  readonly height?: number;
}

/**
 * A recording in several parts, one file after the other as recorders and `cat` join them. Their frames are counted
 * through; the clock of each begins where its part says.
 */
export async function makeJoined(
  folder: ClipFolder,
  name: string,
  kind: 'ts' | 'mpg',
  parts: readonly Part[],
): Promise<string> {
  const pieces: Buffer[] = [];
  let first = 0;
  for (const [place, { frames, at = 0, width, height }] of parts.entries()) {
    const recipe: ClipRecipe = {
      frames,
      first,
      ...(width && height ? { width, height } : {}),
      extension: kind,
      output: [
        ...(kind === 'ts' ? h264 : mpeg2),
        ...['-output_ts_offset', String(at), '-f', kind === 'ts' ? 'mpegts' : 'vob'],
      ],
    };
    pieces.push(readFileSync(await folder.make(`${name}-${place}`, recipe)));
    first += frames;
  }
  const path = folder.file(`${name}.${kind}`);
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}
