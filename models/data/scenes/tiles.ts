import { createCanvas } from '@napi-rs/canvas';
import type { Canvas } from '@napi-rs/canvas';
import { Random } from './random.ts';

/**
 * Texture tiles, computed once a process and laid over frames with blend modes: per-pixel work in
 * JavaScript happens here only, never per frame. Every tile repeats seamlessly.
 */
export const TILE = 512;

type Field = Float32Array;

/** Periodic value noise summed over octaves, 0..1. `cells` is the lattice of the first octave. */
function fractalNoise(random: Random, cells: number, octaves: number, gain = 0.5): Field {
  const field = new Float32Array(TILE * TILE);
  let amplitude = 1;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const n = cells << octave;
    if (n > TILE / 2) break;
    const lattice = Float32Array.from({ length: n * n }, () => random.next());
    const step = n / TILE;
    const column = Int32Array.from({ length: TILE }, (_, x) => Math.floor(x * step));
    const weight = Float64Array.from({ length: TILE }, (_, x) => {
      const t = x * step - column[x]!;
      return t * t * (3 - 2 * t);
    });
    for (let y = 0; y < TILE; y++) {
      const fy = y * step;
      const y0 = Math.floor(fy);
      const ty = fy - y0;
      const sy = ty * ty * (3 - 2 * ty);
      const row0 = (y0 % n) * n;
      const row1 = ((y0 + 1) % n) * n;
      for (let x = 0; x < TILE; x++) {
        const c0 = column[x]!;
        const c1 = (c0 + 1) % n;
        const sx = weight[x]!;
        const top = lattice[row0 + c0]! + (lattice[row0 + c1]! - lattice[row0 + c0]!) * sx;
        const bottom = lattice[row1 + c0]! + (lattice[row1 + c1]! - lattice[row1 + c0]!) * sx;
        field[y * TILE + x]! += (top + (bottom - top) * sy) * amplitude;
      }
    }
    total += amplitude;
    amplitude *= gain;
  }
  for (let i = 0; i < field.length; i++) field[i]! /= total;
  return field;
}

/** Distance to the nearest of jittered grid points, periodic, about 0..1: lobules of fat. */
function cells(random: Random, n: number): Field {
  const px = new Float64Array(n * n);
  const py = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) {
    px[i] = ((i % n) + 0.15 + 0.7 * random.next()) / n;
    py[i] = (Math.floor(i / n) + 0.15 + 0.7 * random.next()) / n;
  }
  const field = new Float32Array(TILE * TILE);
  for (let y = 0; y < TILE; y++) {
    for (let x = 0; x < TILE; x++) {
      const u = x / TILE;
      const v = y / TILE;
      const cx = Math.floor(u * n);
      const cy = Math.floor(v * n);
      let best = 9;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const gx = cx + dx;
          const gy = cy + dy;
          const point = ((gy + n) % n) * n + ((gx + n) % n);
          const ex = px[point]! + (gx < 0 ? -1 : gx >= n ? 1 : 0) - u;
          const ey = py[point]! + (gy < 0 ? -1 : gy >= n ? 1 : 0) - v;
          const distance = ex * ex + ey * ey;
          if (distance < best) best = distance;
        }
      }
      field[y * TILE + x] = Math.min(1, Math.sqrt(best) * n);
    }
  }
  return field;
}

const smooth = (low: number, high: number, value: number): number => {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
};

/** Slope of a height field towards the light at the upper left, about -1..1. */
function slopes(height: Field, reach: number): Field {
  const slope = new Float32Array(TILE * TILE);
  const wrap = TILE - 1;
  for (let y = 0; y < TILE; y++) {
    for (let x = 0; x < TILE; x++) {
      const ahead = height[((y + reach) & wrap) * TILE + ((x + reach) & wrap)]!;
      const behind = height[((y - reach) & wrap) * TILE + ((x - reach) & wrap)]!;
      slope[y * TILE + x] = ahead - behind;
    }
  }
  return slope;
}

type Pixel = (i: number) => readonly [number, number, number, number];

function paint(pixel: Pixel, size = TILE): Canvas {
  const canvas = createCanvas(size, size);
  const context = canvas.getContext('2d');
  const image = context.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    const [r, g, b, a] = pixel(i);
    image.data[i * 4] = r;
    image.data[i * 4 + 1] = g;
    image.data[i * 4 + 2] = b;
    image.data[i * 4 + 3] = a;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export interface Tiles {
  /** Opaque greys for soft-light: broad light and dark. */
  cloud: Canvas[];
  /** For hard-light, in one pass: relief of the wet surface lit from the upper left, fibres, and its highlights. */
  surface: Canvas[];
  /** Opaque greys for soft-light: the relief alone, finer, for organs. */
  relief: Canvas[];
  /** Opaque greys for soft-light: dark and light mottling. */
  mottle: Canvas[];
  /** Yellow lobules with alpha. */
  fat: Canvas[];
  /** Dark red with alpha: staining. */
  blood: Canvas[];
  /** White with soft alpha: smoke and mist. */
  haze: Canvas[];
  /** Opaque greys around the middle: sensor noise. */
  grain: Canvas[];
}

export const VARIANTS = 3;

let tiles: Tiles | undefined;

/** The tiles of this process (about half a second the first time). */
export function textureTiles(): Tiles {
  tiles ??= makeTiles();
  return tiles;
}

function makeTiles(): Tiles {
  const made: Tiles = {
    cloud: [],
    surface: [],
    relief: [],
    mottle: [],
    fat: [],
    blood: [],
    haze: [],
    grain: [],
  };
  for (let variant = 0; variant < VARIANTS; variant++) {
    const random = new Random(7000 + variant);
    const cloud = fractalNoise(random, 3, 5, 0.44);
    made.cloud.push(
      paint((i) => {
        const v = Math.round(255 * smooth(0.2, 0.8, cloud[i]!));
        return [v, v, v, 255];
      }),
    );
    const height = fractalNoise(random, 9, 4, 0.36);
    const slope = slopes(height, 5);
    const wet = fractalNoise(random, 6, 3, 0.5);
    const fine = fractalNoise(random, 48, 3, 0.55);
    // Half of the strength in alpha: a layer's own alpha then weighs relief and highlights alike.
    made.surface.push(
      paint((i) => {
        const glint = smooth(0.13, 0.21, slope[i]!) * smooth(0.42, 0.58, wet[i]!);
        const relief = 128 + slope[i]! * 330 + (fine[i]! - 0.5) * 80;
        const v = Math.max(0, Math.min(255, Math.round(relief + (262 - relief) * glint)));
        return [
          v,
          Math.round(v * (1 - 0.03 * glint)),
          Math.round(v * (1 - 0.06 * glint)),
          Math.round(170 + 85 * glint),
        ];
      }),
    );
    made.relief.push(
      paint((i) => {
        const v = Math.max(0, Math.min(255, Math.round(128 + slope[i]! * 420)));
        return [v, v, v, 255];
      }),
    );
    const spots = fractalNoise(random, 24, 3, 0.6);
    made.mottle.push(
      paint((i) => {
        const v = Math.round(255 * smooth(0.2, 0.8, spots[i]!));
        return [v, v, v, 255];
      }),
    );
    const lobules = cells(random, 12);
    const bumps = slopes(lobules, 3).map((value) => -value * 0.5);
    const where = fractalNoise(random, 2, 5, 0.5);
    made.fat.push(
      paint((i) => {
        const mask = smooth(0.49, 0.6, where[i]! - 0.1 * lobules[i]! + 0.05);
        const dome = Math.sqrt(Math.max(0, 1 - 0.95 * lobules[i]! ** 2));
        const shade = 0.6 + 0.4 * dome + 1.1 * bumps[i]!;
        const wetness = 90 * smooth(0.1, 0.24, bumps[i]!);
        return [
          Math.min(255, Math.round(228 * shade + wetness)),
          Math.min(255, Math.round((156 + 14 * dome) * shade + wetness)),
          Math.min(255, Math.round(86 * shade * shade + wetness)),
          Math.round(235 * mask),
        ];
      }),
    );
    const stain = fractalNoise(random, 4, 5, 0.5);
    made.blood.push(paint((i) => [70, 4, 10, Math.round(220 * smooth(0.52, 0.72, stain[i]!))]));
    const haze = fractalNoise(random, 2, 4, 0.5);
    made.haze.push(paint((i) => [226, 222, 224, Math.round(255 * smooth(0.35, 0.8, haze[i]!))]));
    made.grain.push(
      paint(() => {
        const v = Math.round(128 + 38 * random.bell());
        return [v, v, v, 255];
      }, 256),
    );
  }
  return made;
}
