import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Random } from './random.ts';
import { smoothPath } from './paint.ts';
import { tipOf } from './tools.ts';
import type { Point, SceneInstrument } from './types.ts';

/** What the cues of several states are drawn with. */

export function atTip(context: SKRSContext2D, item: SceneInstrument): void {
  const [x, y] = tipOf(item);
  context.translate(x, y);
  context.rotate(item.angle + item.bend);
  context.scale(item.size, item.size);
}

export function glow(
  context: SKRSContext2D,
  x: number,
  y: number,
  radius: number,
  stops: [number, string][],
): void {
  const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
  for (const [at, colour] of stops) gradient.addColorStop(at, colour);
  context.fillStyle = gradient;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

export function ring(random: Random, radiusX: number, radiusY: number, rough: number, x = 0, y = 0): Point[] {
  return Array.from({ length: 14 }, (_, i) => {
    const a = (i / 14) * 2 * Math.PI;
    const r = 1 + rough * random.bell();
    return [x + radiusX * r * Math.cos(a), y + radiusY * r * Math.sin(a)] as Point;
  });
}

export function stroke(
  context: SKRSContext2D,
  points: readonly Point[],
  colour: string | CanvasGradient,
  width: number,
): void {
  smoothPath(context, points, false);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

export function thread(context: SKRSContext2D, points: readonly Point[], colour: string): void {
  stroke(context, points, 'rgba(8, 6, 14, 0.55)', 0.05);
  stroke(context, points, colour, 0.032);
}

export const THREADS = ['#3a5be0', '#6a3fd0', '#2f49c9'] as const;
