import type { SKRSContext2D } from '@napi-rs/canvas';
import { legible } from './placement.ts';
import type { Random } from './random.ts';
import type { ConsoleTile, Flap, SceneInstrument } from './types.ts';

/**
 * The boxes that a surgical console lays over the picture: arms, energy levels, the endoscope's angle, a timer.
 * They never name an instrument: what is in the picture has to be seen there.
 */

/** Rows of five pixels each, from the top, three bits a row, the leftmost highest. No font of the machine is used. */
const GLYPHS: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  '0': [7, 5, 5, 5, 7],
  '1': [2, 6, 2, 2, 7],
  '2': [7, 1, 7, 4, 7],
  '3': [7, 1, 7, 1, 7],
  '4': [5, 5, 7, 1, 1],
  '5': [7, 4, 7, 1, 7],
  '6': [7, 4, 7, 5, 7],
  '7': [7, 1, 2, 2, 2],
  '8': [7, 5, 7, 5, 7],
  '9': [7, 5, 7, 1, 7],
  A: [2, 5, 7, 5, 5],
  C: [7, 4, 4, 4, 7],
  D: [6, 5, 5, 5, 6],
  E: [7, 4, 6, 4, 7],
  L: [4, 4, 4, 4, 7],
  M: [5, 7, 7, 5, 5],
  R: [6, 5, 6, 5, 5],
  W: [5, 5, 7, 7, 5],
  X: [5, 5, 2, 5, 5],
  ':': [0, 2, 0, 2, 0],
  '.': [0, 0, 0, 0, 2],
  '%': [5, 1, 2, 4, 5],
  '°': [6, 6, 0, 0, 0],
  ' ': [0, 0, 0, 0, 0],
};

const LAMPS = ['#e8c33a', '#3fae62', '#3d7fd6', '#d65c3d', '#b8bec6'] as const;

function caption(random: Random): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  switch (random.integer(0, 6)) {
    case 0:
      return `R${random.integer(1, 4)}`;
    case 1:
      return `L${random.integer(1, 4)}`;
    case 2:
      return random.pick(['30°', '0°', '30° 2X', '4X']);
    case 3:
      return `E${random.integer(1, 9)} ${random.integer(1, 80)}W`;
    case 4:
      return `${random.integer(0, 5)}:${two(random.integer(0, 59))}:${two(random.integer(0, 59))}`;
    case 5:
      return `CAM ${random.integer(1, 4)}`;
    default:
      return `${random.integer(5, 100)}%`;
  }
}

/** Boxes in the corners or along a border in a third of the scenes; none covers a tip. */
export function placeConsole(
  random: Random,
  aspect: number,
  instruments: readonly SceneInstrument[],
  flaps: readonly Flap[],
): ConsoleTile[] {
  if (!random.chance(0.36)) return [];
  const height = random.between(0.045, 0.07);
  const inset = random.between(0, 0.025);
  const bright = random.chance(0.3);
  const bottom = random.chance(0.7);
  const row = random.chance(0.6);
  const count = row ? random.integer(2, 4) : random.integer(1, 3);
  const tiles: ConsoleTile[] = [];
  for (let i = 0; i < count; i++) {
    const text = caption(random);
    const lamp = random.chance(0.6) ? random.pick(LAMPS) : null;
    const width = height * (0.5 + 0.42 * text.length + (lamp ? 0.7 : 0)) * random.between(1, 1.5);
    const atBottom = row ? bottom : random.chance(0.5);
    const x = row
      ? ((i + 0.5) / count) * aspect - width / 2
      : random.chance(0.5)
        ? inset
        : aspect - inset - width;
    const y = atBottom ? 1 - inset - height : inset;
    const tile: ConsoleTile = { box: [x, y, x + width, y + height], text, lamp, bright };
    const apart = tiles.every(({ box }) => box[2] < x || box[0] > x + width || Math.abs(box[1] - y) > height);
    if (apart && legible({ aspect, instruments, flaps, console: [...tiles, tile] })) tiles.push(tile);
  }
  return tiles;
}

export function drawConsole(context: SKRSContext2D, tiles: readonly ConsoleTile[]): void {
  for (const { box, text, lamp, bright } of tiles) {
    const [x1, y1, x2, y2] = box;
    const height = y2 - y1;
    context.fillStyle = bright ? 'rgba(52, 60, 72, 0.94)' : 'rgba(10, 12, 16, 0.88)';
    context.fillRect(x1, y1, x2 - x1, height);
    context.strokeStyle = 'rgba(150, 160, 172, 0.55)';
    context.lineWidth = 0.003;
    context.strokeRect(x1, y1, x2 - x1, height);
    let x = x1 + height * 0.25;
    if (lamp) {
      context.fillStyle = lamp;
      context.fillRect(x, y1 + height * 0.27, height * 0.46, height * 0.46);
      x += height * 0.7;
    }
    context.fillStyle = '#e6eaee';
    const dot = height * 0.1;
    for (const letter of text) {
      const rows = GLYPHS[letter];
      if (!rows) throw new RangeError(`No glyph for ${letter}`);
      rows.forEach((bits, row) => {
        for (let column = 0; column < 3; column++) {
          if (bits & (4 >> column))
            context.fillRect(x + column * dot, y1 + height * 0.25 + row * dot, dot, dot);
        }
      });
      x += 4 * dot;
    }
  }
}
