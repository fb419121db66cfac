import type { Canvas, SKRSContext2D } from '@napi-rs/canvas';
import { TILE, textureTiles } from './tiles.ts';
import { ASPECT } from './types.ts';
import type { Kidney, Layer, Point, Scene, Vessel } from './types.ts';

/** Drawing of everything that is not an instrument. The context is scaled to frame units. */

type Blend = Parameters<(mode: SKRSContext2D['globalCompositeOperation']) => void>[0];

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

/** Lay a repeating tile over the current clip. */
export function layTile(
  context: SKRSContext2D,
  tile: Canvas,
  layer: Layer,
  blend: Blend,
  alpha = layer.alpha,
): void {
  if (alpha <= 0.01) return;
  context.save();
  context.globalCompositeOperation = blend;
  context.globalAlpha = alpha;
  context.translate(ASPECT / 2, 0.5);
  context.rotate(layer.rotation);
  context.scale(layer.scale / TILE, layer.scale / TILE);
  context.translate(-layer.x * TILE, -layer.y * TILE);
  context.fillStyle = patternOf(context, tile);
  const reach = (1.7 / layer.scale + 1) * TILE;
  context.fillRect(-reach, -reach, 2 * reach, 2 * reach);
  context.restore();
}

function blob(context: SKRSContext2D, [x, y]: Point, radius: number, inner: string, outer: string): void {
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

/** Width along a vessel: it rises out of the tissue, then thins out. */
const TAPER = [0.6, 1, 0.85, 0.66, 0.45] as const;

function drawVessels(context: SKRSContext2D, vessels: readonly Vessel[], strength: number): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { points, width, vein } of vessels) {
    const per = Math.max(1, Math.ceil((points.length - 1) / TAPER.length));
    for (const pass of ['edge', 'body', 'shine'] as const) {
      for (let piece = 0; piece < TAPER.length; piece++) {
        const run = points.slice(piece * per, piece * per + per + 1);
        if (run.length < 2) continue;
        const taper = width * (TAPER[piece] ?? 0.3);
        smoothPath(context, run, false);
        if (pass === 'edge') {
          context.strokeStyle = `rgba(50, 4, 12, ${0.3 * strength})`;
          context.lineWidth = taper * 1.7;
        } else if (pass === 'body') {
          context.strokeStyle = vein
            ? `rgba(84, 26, 58, ${0.7 * strength})`
            : `rgba(126, 8, 16, ${0.75 * strength})`;
          context.lineWidth = taper;
        } else {
          context.strokeStyle = `rgba(255, 176, 160, ${0.28 * strength})`;
          context.lineWidth = taper * 0.22;
        }
        context.stroke();
      }
    }
  }
}

function drawKidney(context: SKRSContext2D, kidney: Kidney, relief: Layer): void {
  const [h, s, l] = kidney.colour;
  const { centre, radius, outline } = kidney;
  context.save();
  smoothPath(context, outline, true);
  context.lineJoin = 'round';
  // The groove round the organ: it stands out of its bed.
  for (const [width, alpha] of [
    [0.1, 0.05],
    [0.084, 0.06],
    [0.068, 0.07],
    [0.054, 0.08],
    [0.042, 0.09],
    [0.031, 0.1],
    [0.021, 0.12],
    [0.012, 0.16],
    [0.006, 0.2],
  ] as const) {
    context.strokeStyle = `rgba(36, 4, 6, ${alpha})`;
    context.lineWidth = width;
    context.stroke();
  }
  context.clip();
  const lit: Point = [centre[0] - 0.28 * radius, centre[1] - 0.3 * radius];
  const gradient = context.createRadialGradient(lit[0], lit[1], 0.02, centre[0], centre[1], radius * 1.08);
  gradient.addColorStop(0, hsl(h + 4, s + 4, l + 17, 0.97));
  gradient.addColorStop(0.4, hsl(h + 1, s, l + 4, 0.97));
  gradient.addColorStop(0.8, hsl(h - 4, s, l - 10, 0.97));
  gradient.addColorStop(1, hsl(h - 10, s, l - 20, 0.97));
  context.fillStyle = gradient;
  context.fillRect(centre[0] - 1.2 * radius, centre[1] - 1.2 * radius, 2.4 * radius, 2.4 * radius);
  const tiles = textureTiles();
  layTile(context, tiles.cloud[relief.tile]!, { ...relief, scale: 0.7 }, 'soft-light', 0.4);
  layTile(context, tiles.relief[relief.tile]!, { ...relief, scale: relief.scale * 0.6 }, 'soft-light', 0.3);
  drawVessels(context, kidney.vessels, 0.75);
  // Light grazes the rim that faces the lamp; the far rim sinks into shade.
  smoothPath(context, outline, true);
  const rim = context.createLinearGradient(
    lit[0],
    lit[1] - radius,
    centre[0] + 0.5 * radius,
    centre[1] + radius,
  );
  rim.addColorStop(0, hsl(h + 8, s + 6, l + 28, 0.16));
  rim.addColorStop(0.5, hsl(h + 8, s, l + 20, 0.05));
  rim.addColorStop(1, hsl(h - 8, s, l - 28, 0.14));
  context.strokeStyle = rim;
  for (const width of [0.008, 0.018, 0.03]) {
    context.lineWidth = width;
    context.stroke();
  }
  for (const { at, length, width, angle, alpha } of kidney.glints) {
    context.save();
    context.translate(at[0], at[1]);
    context.rotate(angle);
    context.scale((length + width) * 1.1, width * 1.5);
    const shine = context.createRadialGradient(0, 0, 0, 0, 0, 1);
    shine.addColorStop(0, `rgba(255, 246, 240, ${alpha})`);
    shine.addColorStop(0.42, `rgba(255, 242, 236, ${alpha * 0.9})`);
    shine.addColorStop(0.58, `rgba(255, 232, 226, ${alpha * 0.3})`);
    shine.addColorStop(1, 'rgba(255, 220, 214, 0)');
    context.fillStyle = shine;
    context.fillRect(-1, -1, 2, 2);
    context.restore();
  }
  context.restore();
}

/** Tissue bed, fat, staining, vessels, kidney and wet highlights. */
export function drawTissue(context: SKRSContext2D, scene: Scene): void {
  const tiles = textureTiles();
  const [h, s, l] = scene.tissue;
  context.fillStyle = hsl(h, s, l);
  context.fillRect(0, 0, ASPECT, 1);
  for (const { at, radius, colour, alpha } of scene.patches) {
    blob(context, at, radius, hsl(...colour, alpha), hsl(...colour, 0));
  }
  layTile(context, tiles.cloud[scene.cloud.tile]!, scene.cloud, 'soft-light');
  layTile(context, tiles.blood[scene.blood.tile]!, scene.blood, 'multiply');
  layTile(context, tiles.fat[scene.fat.tile]!, scene.fat, 'source-over');
  drawVessels(context, scene.vessels, 0.9);
  layTile(context, tiles.fine[scene.fine.tile]!, scene.fine, 'overlay');
  layTile(context, tiles.relief[scene.relief.tile]!, scene.relief, 'overlay');
  layTile(context, tiles.specular[scene.relief.tile]!, scene.relief, 'source-over', scene.specular);
  drawKidney(context, scene.kidney, scene.relief);
}

/** Light fall-off towards the corners, mist, exposure and colour cast. */
export function drawAtmosphere(context: SKRSContext2D, scene: Scene): void {
  const tiles = textureTiles();
  layTile(context, tiles.haze[scene.haze.tile]!, scene.haze, 'screen');
  const { at, radius, fall } = scene.light;
  const gradient = context.createRadialGradient(at[0], at[1], radius * 0.3, at[0], at[1], radius);
  gradient.addColorStop(0, 'rgba(14, 4, 4, 0)');
  gradient.addColorStop(0.45, `rgba(14, 4, 4, ${fall * 0.2})`);
  gradient.addColorStop(0.8, `rgba(12, 3, 3, ${fall * 0.62})`);
  gradient.addColorStop(1, `rgba(8, 2, 2, ${fall * 0.94})`);
  context.fillStyle = gradient;
  context.fillRect(0, 0, ASPECT, 1);
  if (scene.exposure > 0) {
    context.globalCompositeOperation = 'color-dodge';
    const v = Math.round(255 * scene.exposure);
    context.fillStyle = `rgb(${v}, ${v}, ${v})`;
  } else {
    context.fillStyle = `rgba(0, 0, 0, ${-scene.exposure})`;
  }
  context.fillRect(0, 0, ASPECT, 1);
  context.globalCompositeOperation = 'soft-light';
  const [r, g, b, a] = scene.tint;
  context.fillStyle = `rgba(${r}, ${g}, ${b}, ${a})`;
  context.fillRect(0, 0, ASPECT, 1);
  context.globalCompositeOperation = 'source-over';
}
