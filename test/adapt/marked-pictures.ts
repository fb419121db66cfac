import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';

/** A coloured disc on grey, and where it is: [x, y, radius] in pixels. */
export type Disc = readonly [number, number, number];

function png(
  width: number,
  height: number,
  ground: string,
  discs: readonly (readonly [Disc, string])[],
): Buffer {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  for (const [[x, y, radius], colour] of discs) {
    context.fillStyle = colour;
    // Squares, since the rim of a disc would be of mixed colours.
    context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  }
  return canvas.toBuffer('image/png');
}

export function put(path: string, content: Buffer | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A picture and its mask: the first thing has the value 1, the second 5. */
export function maskedPicture(
  folder: string,
  name: string,
  things: readonly Disc[],
  size: readonly [number, number] = [112, 84],
): void {
  const [width, height] = size;
  const colours = ['#c04040', '#4060c0'];
  const values = ['#010101', '#050505'];
  put(
    join(folder, 'img', `${name}.png`),
    png(
      width,
      height,
      '#806050',
      things.map((thing, i) => [thing, colours[i]!] as const),
    ),
  );
  put(
    join(folder, 'annot', `${name}.png`),
    png(
      width,
      height,
      '#000000',
      things.map((thing, i) => [thing, values[i]!] as const),
    ),
  );
}

export const maskLabels = JSON.stringify({ '1': 'vocal folds', '5': 'surgical_tool', '7': null });

/** Two patients with two recordings each, `frames` pictures a recording, both things in most of them. */
export function twoPatients(folder: string, frames: number): void {
  put(join(folder, 'labels.json'), maskLabels);
  for (const patient of ['p1', 'p2']) {
    for (const recording of ['a', 'b']) {
      for (let n = 0; n < frames; n++) {
        const first: Disc = [20 + ((n * 7) % 30), 20 + (n % 3) * 4, 12];
        const second: Disc = [80, 60 - (n % 4) * 10, 9];
        maskedPicture(folder, `${patient}/${recording}/${n}`, n % 3 === 0 ? [first] : [first, second]);
      }
    }
  }
}
