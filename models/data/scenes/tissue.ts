import type { Canvas, SKRSContext2D } from '@napi-rs/canvas';
import { drawGroove, drawOrgan, drawVessels } from './organ-look.ts';
import { blob, hsl, layTile, smoothPath } from './paint.ts';
import { textureTiles } from './tiles.ts';
import type { Flap, Scene, Splash } from './types.ts';

/** Drawing of everything that is not an instrument, a cue or the console. Contexts are scaled to frame units. */

/** Everything soft of the tissue, for a canvas of a quarter of the frame's size: colours, shades, the organ's bed. */
export function drawBackdrop(context: SKRSContext2D, scene: Scene): void {
  const tiles = textureTiles();
  const [h, s, l] = scene.tissue;
  context.fillStyle = hsl(h, s, l);
  context.fillRect(0, 0, scene.aspect, 1);
  for (const { at, radius, colour, alpha } of scene.patches) {
    blob(context, at, radius, hsl(...colour, alpha), hsl(...colour, 0));
  }
  layTile(context, tiles.cloud[scene.cloud.tile]!, scene.cloud, 'soft-light');
  layTile(context, tiles.blood[scene.blood.tile]!, scene.blood, 'multiply');
  drawGroove(context, scene.organ);
}

function drawPool(context: SKRSContext2D, { at, radius, outline, alpha }: Splash): void {
  smoothPath(context, outline, true);
  const gradient = context.createRadialGradient(at[0], at[1], 0, at[0], at[1], radius * 1.2);
  gradient.addColorStop(0, `rgba(84, 2, 8, ${alpha})`);
  gradient.addColorStop(1, `rgba(126, 6, 14, ${alpha})`);
  context.fillStyle = gradient;
  context.fill();
  context.fillStyle = `rgba(255, 236, 230, ${alpha * 0.8})`;
  context.beginPath();
  context.ellipse(
    at[0] - radius * 0.3,
    at[1] - radius * 0.25,
    radius * 0.2,
    radius * 0.05,
    -0.5,
    0,
    2 * Math.PI,
  );
  context.fill();
}

/** Backdrop, fat, vessels, wet surface, organ and pools of blood. */
export function drawTissue(context: SKRSContext2D, scene: Scene, backdrop: Canvas): void {
  const tiles = textureTiles();
  context.drawImage(backdrop, 0, 0, scene.aspect, 1);
  layTile(context, tiles.fat[scene.fat.tile]!, scene.fat, 'source-over');
  drawVessels(context, scene.vessels, 0.9);
  layTile(context, tiles.surface[scene.surface.tile]!, scene.surface, 'hard-light');
  drawOrgan(context, scene.organ, scene.surface);
  for (const pool of scene.pools) drawPool(context, pool);
}

/** A flap of tissue or a lobe of fat over an instrument. */
export function drawFlap(context: SKRSContext2D, { outline, fat, colour }: Flap): void {
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  const top = Math.min(...ys);
  const bottom = Math.max(...ys);
  const left = Math.min(...xs);
  const [h, s, l] = fat ? [40, 62, 58] : colour;
  smoothPath(context, outline, true);
  context.strokeStyle = 'rgba(20, 2, 4, 0.3)';
  context.lineWidth = 0.02;
  context.stroke();
  const gradient = context.createLinearGradient(left, top, left + (bottom - top) * 0.3, bottom);
  gradient.addColorStop(0, hsl(h + 4, s, l + 16));
  gradient.addColorStop(0.5, hsl(h, s, l));
  gradient.addColorStop(1, hsl(h - 8, s, l - 20));
  context.fillStyle = gradient;
  context.fill();
  context.strokeStyle = hsl(h - 10, s, l - 32, 0.7);
  context.lineWidth = 0.005;
  context.stroke();
  context.fillStyle = 'rgba(255, 246, 236, 0.7)';
  const right = Math.max(...xs);
  for (const [u, v, size] of [
    [0.36, 0.28, 0.1],
    [0.55, 0.22, 0.05],
    [0.3, 0.5, 0.05],
  ] as const) {
    context.beginPath();
    const x = left + u * (right - left);
    const y = top + v * (bottom - top);
    context.ellipse(x, y, size * (right - left), size * 0.4 * (bottom - top), -0.4, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Smoke, light fall-off towards the corners, mist, exposure, white balance, blood on the lens. */
export function drawAtmosphere(context: SKRSContext2D, scene: Scene): void {
  const tiles = textureTiles();
  layTile(context, tiles.haze[scene.haze.tile]!, scene.haze, 'screen');
  for (const { at, radius, alpha } of scene.smoke) {
    blob(context, at, radius, `rgba(214, 210, 214, ${alpha})`, 'rgba(214, 210, 214, 0)');
  }
  for (const { at, radius, alpha } of scene.lens) {
    // Out of focus: it lies on the lens.
    context.save();
    context.translate(at[0], at[1]);
    context.scale(1, 0.8);
    const gradient = context.createRadialGradient(0, 0, 0, 0, 0, radius);
    gradient.addColorStop(0, `rgba(110, 4, 10, ${alpha})`);
    gradient.addColorStop(0.6, `rgba(120, 6, 14, ${alpha * 0.8})`);
    gradient.addColorStop(1, 'rgba(120, 6, 14, 0)');
    context.fillStyle = gradient;
    context.fillRect(-radius, -radius, 2 * radius, 2 * radius);
    context.restore();
  }
  const { at, radius, fall } = scene.light;
  const gradient = context.createRadialGradient(at[0], at[1], radius * 0.3, at[0], at[1], radius);
  gradient.addColorStop(0, 'rgba(14, 4, 4, 0)');
  gradient.addColorStop(0.45, `rgba(14, 4, 4, ${fall * 0.2})`);
  gradient.addColorStop(0.8, `rgba(12, 3, 3, ${fall * 0.62})`);
  gradient.addColorStop(1, `rgba(8, 2, 2, ${fall * 0.94})`);
  context.fillStyle = gradient;
  context.fillRect(0, 0, scene.aspect, 1);
  const whole = (blend: SKRSContext2D['globalCompositeOperation'], colour: string): void => {
    context.globalCompositeOperation = blend;
    context.fillStyle = colour;
    context.fillRect(0, 0, scene.aspect, 1);
  };
  const v = Math.round(255 * scene.exposure);
  if (v > 0) whole('color-dodge', `rgb(${v}, ${v}, ${v})`);
  else whole('source-over', `rgba(0, 0, 0, ${-scene.exposure})`);
  const [red, green, blue] = scene.balance.map((part) => Math.round(255 * part)) as [number, number, number];
  whole('multiply', `rgb(${red}, ${green}, ${blue})`);
  const [r, g, b, a] = scene.tint;
  whole('soft-light', `rgba(${r}, ${g}, ${b}, ${a})`);
  context.globalCompositeOperation = 'source-over';
}
