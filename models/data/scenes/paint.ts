import type { Canvas, SKRSContext2D } from '@napi-rs/canvas';
import { TILE } from './tiles.ts';
import type { Layer, Point } from './types.ts';

/** What tissue, organs and the atmosphere are drawn with. Contexts are scaled to frame units. */

export type Blend = SKRSContext2D['globalCompositeOperation'];

export const hsl = (h: number, s: number, l: number, a = 1): string =>
  `hsla(${((h % 360) + 360) % 360}, ${s}%, ${l}%, ${a})`;

const patterns = new WeakMap<Canvas, CanvasPattern>();

/** A tile's pattern, made once: making it copies the tile. */
export function patternOf(context: SKRSContext2D, tile: Canvas): CanvasPattern {
  let pattern = patterns.get(tile);
  if (!pattern) {
    pattern = context.createPattern(tile, 'repeat') as unknown as CanvasPattern;
    patterns.set(tile, pattern);
  }
  return pattern;
}

function withTile(
  context: SKRSContext2D,
  tile: Canvas,
  layer: Layer,
  blend: Blend,
  alpha: number,
  fill: () => void,
): void {
  if (alpha <= 0.01) return;
  context.save();
  context.globalCompositeOperation = blend;
  context.globalAlpha = alpha;
  context.translate(0.6, 0.5);
  context.rotate(layer.rotation);
  context.scale(layer.scale / TILE, layer.scale / TILE);
  context.translate(-layer.x * TILE, -layer.y * TILE);
  context.fillStyle = patternOf(context, tile);
  fill();
  context.restore();
}

/** Lay a repeating tile over the whole frame. */
export function layTile(
  context: SKRSContext2D,
  tile: Canvas,
  layer: Layer,
  blend: Blend,
  alpha = layer.alpha,
): void {
  const reach = (2.2 / layer.scale + 1) * TILE;
  withTile(context, tile, layer, blend, alpha, () => {
    context.fillRect(-reach, -reach, 2 * reach, 2 * reach);
  });
}

/** Fill the current path with a repeating tile. */
export function fillWithTile(
  context: SKRSContext2D,
  tile: Canvas,
  layer: Layer,
  blend: Blend,
  alpha: number,
): void {
  withTile(context, tile, layer, blend, alpha, () => {
    context.fill();
  });
}

/** A round spot from `inner` in its middle to `outer` at its radius. */
export function blob(
  context: SKRSContext2D,
  [x, y]: Point,
  radius: number,
  inner: string,
  outer: string,
): void {
  const gradient = context.createRadialGradient(x, y, 0, x, y, radius);
  gradient.addColorStop(0, inner);
  gradient.addColorStop(1, outer);
  context.fillStyle = gradient;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

/** Smooth path through points (quadratic through midpoints). */
export function smoothPath(context: SKRSContext2D, points: readonly Point[], closed: boolean): void {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return;
  context.beginPath();
  const start: Point = closed ? [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2] : first;
  context.moveTo(start[0], start[1]);
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    const next = points[i + 1] ?? (closed ? first : undefined);
    if (next)
      context.quadraticCurveTo(point[0], point[1], (point[0] + next[0]) / 2, (point[1] + next[1]) / 2);
    else context.lineTo(point[0], point[1]);
  }
  if (closed) context.closePath();
}
