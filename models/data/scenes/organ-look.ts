import type { SKRSContext2D } from '@napi-rs/canvas';
import { fillWithTile, hsl, smoothPath } from './paint.ts';
import { textureTiles } from './tiles.ts';
import type { Glint, Layer, Organ, Point, Vessel } from './types.ts';

/** How each organ looks. */

/** Width along a vessel: it rises out of the tissue, then thins out. */
const TAPER = [0.8, 0.95, 0.55] as const;

export function drawVessels(context: SKRSContext2D, vessels: readonly Vessel[], strength: number): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { points, width, vein } of vessels) {
    smoothPath(context, points, false);
    context.strokeStyle = `rgba(50, 4, 12, ${0.3 * strength})`;
    context.lineWidth = width * 1.4;
    context.stroke();
    const per = Math.max(1, Math.ceil((points.length - 1) / TAPER.length));
    context.strokeStyle = vein
      ? `rgba(84, 26, 58, ${0.7 * strength})`
      : `rgba(126, 8, 16, ${0.75 * strength})`;
    for (let piece = 0; piece < TAPER.length; piece++) {
      const run = points.slice(piece * per, piece * per + per + 1);
      if (run.length < 2) continue;
      smoothPath(context, run, false);
      context.lineWidth = width * (TAPER[piece] ?? 0.3);
      context.stroke();
    }
    if (width > 0.006) {
      smoothPath(context, points, false);
      context.strokeStyle = `rgba(255, 176, 160, ${0.28 * strength})`;
      context.lineWidth = width * 0.18;
      context.stroke();
    }
  }
}

function drawGlints(context: SKRSContext2D, glints: readonly Glint[]): void {
  for (const { at, length, width, angle, alpha } of glints) {
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
}

/** The groove round an organ, soft enough for the small backdrop: it stands out of its bed. */
export function drawGroove(context: SKRSContext2D, organ: Organ): void {
  context.lineJoin = 'round';
  if (organ.label === 'bowel') smoothPath(context, organ.course, false);
  else smoothPath(context, organ.outline, true);
  for (const [width, alpha] of [
    [0.1, 0.12],
    [0.076, 0.14],
    [0.052, 0.2],
    [0.03, 0.25],
  ] as const) {
    context.strokeStyle = `rgba(36, 4, 6, ${alpha})`;
    context.lineWidth = width + organ.girth;
    context.stroke();
  }
}

/** Light, texture and rim of an organ with one closed outline. */
interface Look {
  /** Lightness added in the light, halfway, and at the rim. */
  lit: number;
  half: number;
  dark: number;
  texture: 'relief' | 'mottle';
  strength: number;
  rim: number;
}

const LOOKS: Readonly<Record<Exclude<Organ['label'], 'bowel'>, Look>> = {
  kidney: { lit: 17, half: 4, dark: -20, texture: 'relief', strength: 0.34, rim: 0.16 },
  liver: { lit: 9, half: 3, dark: -6, texture: 'mottle', strength: 0.2, rim: 0.5 },
  spleen: { lit: 13, half: 3, dark: -13, texture: 'mottle', strength: 0.26, rim: 0.22 },
  gallbladder: { lit: 20, half: 4, dark: -22, texture: 'relief', strength: 0.16, rim: 0.16 },
};

function drawBody(context: SKRSContext2D, organ: Organ, look: Look, layer: Layer): void {
  const [h, s, l] = organ.colour;
  const { centre, radius, outline } = organ;
  const lit: Point = [centre[0] - 0.28 * radius, centre[1] - 0.3 * radius];
  const gradient = context.createRadialGradient(lit[0], lit[1], 0.02, centre[0], centre[1], radius * 1.08);
  gradient.addColorStop(0, hsl(h + 4, s + 4, l + look.lit, 0.98));
  gradient.addColorStop(0.4, hsl(h + 1, s, l + look.half, 0.98));
  gradient.addColorStop(0.8, hsl(h - 4, s, l + look.dark / 2, 0.98));
  gradient.addColorStop(1, hsl(h - 10, s, l + look.dark, 0.98));
  smoothPath(context, outline, true);
  context.fillStyle = gradient;
  context.fill();
  // Fills of the one path, no clip: an antialiased clip costs several times the fill.
  const tile = textureTiles()[look.texture][layer.tile]!;
  fillWithTile(context, tile, { ...layer, scale: 0.62 }, 'soft-light', look.strength);
  // Light grazes the rim that faces the lamp; the far rim sinks into shade. A liver's edge is thin and bright.
  const rim = context.createLinearGradient(
    lit[0],
    lit[1] - radius,
    centre[0] + 0.5 * radius,
    centre[1] + radius,
  );
  const thin = organ.label === 'liver';
  rim.addColorStop(0, hsl(h + 8, s + 6, l + 28, look.rim));
  rim.addColorStop(0.5, hsl(h + 8, s, l + (thin ? 26 : 20), thin ? look.rim : look.rim / 3));
  rim.addColorStop(1, thin ? hsl(h + 8, s, l + 26, look.rim) : hsl(h - 8, s, l - 28, look.rim));
  context.strokeStyle = rim;
  for (const width of thin ? [0.005, 0.011] : [0.009, 0.022]) {
    context.lineWidth = width;
    context.stroke();
  }
  context.strokeStyle = 'rgba(30, 4, 6, 0.35)';
  context.lineWidth = 0.006;
  if (!thin) context.stroke();
  drawVessels(context, organ.vessels, 0.75);
  drawGlints(context, organ.glints);
}

function drawBowel(context: SKRSContext2D, organ: Organ): void {
  const [h, s, l] = organ.colour;
  const { course, girth } = organ;
  drawVessels(context, organ.vessels, 1);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const [width, grow, shift] of [
    [1.04, -34, 0],
    [1, -16, 0],
    [0.86, -6, 0.02],
    [0.66, 0, 0.05],
    [0.44, 6, 0.09],
    [0.22, 11, 0.13],
  ] as const) {
    // Each narrower and lighter coat a little nearer to the lamp: a tube.
    smoothPath(
      context,
      course.map(([x, y]) => [x - shift * girth * 0.6, y - shift * girth]),
      false,
    );
    context.strokeStyle = hsl(h, s, l + grow);
    context.lineWidth = width * girth;
    context.stroke();
  }
  // Folds across the tube, and fine vessels that run round it.
  for (let i = 2; i < course.length - 2; i += 3) {
    const [x, y] = course[i]!;
    const [ax, ay] = course[i - 1]!;
    const [bx, by] = course[i + 1]!;
    const long = Math.hypot(bx - ax, by - ay) || 1;
    const nx = (-(by - ay) / long) * girth * 0.46;
    const ny = ((bx - ax) / long) * girth * 0.46;
    const forward = ((i % 2 ? 1 : 0.5) * girth * 0.16) / long;
    context.beginPath();
    context.moveTo(x - nx, y - ny);
    context.quadraticCurveTo(x + (bx - ax) * forward, y + (by - ay) * forward, x + nx, y + ny);
    context.strokeStyle = i % 2 ? hsl(h - 6, s, l - 26, 0.34) : 'rgba(176, 26, 40, 0.34)';
    context.lineWidth = i % 2 ? 0.011 : 0.004;
    context.stroke();
  }
  drawGlints(context, organ.glints);
}

export function drawOrgan(context: SKRSContext2D, organ: Organ, layer: Layer): void {
  if (organ.label === 'bowel') drawBowel(context, organ);
  else drawBody(context, organ, LOOKS[organ.label], layer);
}
