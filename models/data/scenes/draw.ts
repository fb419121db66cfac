import { createCanvas } from '@napi-rs/canvas';
import type { Canvas } from '@napi-rs/canvas';
import type { Size } from '../../../preload/contract/values.ts';
import { drawConsole } from './console.ts';
import { drawCueOver } from './cues-over.ts';
import { drawCueUnder } from './cues-under.ts';
import { drawInstrument, drawShadow } from './instruments.ts';
import { patternOf } from './paint.ts';
import { textureTiles } from './tiles.ts';
import { drawAtmosphere, drawBackdrop, drawFlap, drawTissue } from './tissue.ts';
import type { Scene } from './types.ts';

const canvases = new Map<string, Canvas>();

/** Canvases are kept by size and use: allocation of large ones costs as much as drawing. */
function canvasOf(use: string, width: number, height: number): Canvas {
  const key = `${use} ${width}x${height}`;
  let canvas = canvases.get(key);
  if (!canvas) {
    // A blurred frame is drawn at a size of its own: keep those of recent sizes only.
    if (canvases.size > 40) canvases.clear();
    canvas = createCanvas(width, height);
    canvases.set(key, canvas);
  }
  return canvas;
}

/** How many times smaller than the frame the soft backdrop is drawn. */
const BACKDROP = 4;

/**
 * Draw a scene on this process's canvas of that size. The canvas is the same object for every call
 * with one size: encode or copy it before the next call.
 */
export function renderScene(scene: Scene, size: Size): Canvas {
  const { width, height } = size;
  const steps = 16;
  const factor = Math.round(scene.sharpness * steps) / steps;
  const [moveX, moveY] = [Math.round(scene.motion[0] * height), Math.round(scene.motion[1] * height)];
  const moved = Math.max(Math.abs(moveX), Math.abs(moveY));
  const canvas = canvasOf('frame', width, height);
  const apart = factor < 1 || moved > 0;
  const work = apart ? canvasOf('work', Math.round(width * factor), Math.round(height * factor)) : canvas;

  const backdrop = canvasOf('backdrop', Math.ceil(width / BACKDROP), Math.ceil(height / BACKDROP));
  const soft = backdrop.getContext('2d');
  soft.setTransform(backdrop.width / scene.aspect, 0, 0, backdrop.height, 0, 0);
  drawBackdrop(soft, scene);

  const context = work.getContext('2d');
  const across = work.width / scene.aspect;
  const { x, y, zoom } = scene.camera;
  context.setTransform(across * zoom, 0, 0, work.height * zoom, -x * across * zoom, -y * work.height * zoom);
  drawTissue(context, scene, backdrop);
  for (const item of scene.instruments) drawCueUnder(context, item);
  for (const item of scene.instruments) drawShadow(context, item);
  for (const item of scene.instruments) {
    drawInstrument(context, item);
    drawCueOver(context, item);
  }
  for (const flap of scene.flaps) drawFlap(context, flap);
  // Light, smoke and drops belong to the endoscope and don't move with the scene.
  context.setTransform(across, 0, 0, work.height, 0, 0);
  drawAtmosphere(context, scene);

  const frame = canvas.getContext('2d');
  if (apart) {
    frame.setTransform(1, 0, 0, 1, 0, 0);
    frame.imageSmoothingEnabled = true;
    frame.drawImage(work, 0, 0, width, height);
    // The mean of the picture at some places of its way: the k-th copy weighs 1/k of what is there.
    const copies = Math.min(6, moved);
    for (let k = 1; k <= copies; k++) {
      const at = copies === 1 ? 0.5 : (k - (copies + 1) / 2) / (copies - 1);
      frame.globalAlpha = 1 / (k + 1);
      frame.drawImage(work, Math.round(moveX * at), Math.round(moveY * at), width, height);
    }
    frame.globalAlpha = 1;
  }
  // The console writes on the finished picture: it is never blurred.
  frame.setTransform(width / scene.aspect, 0, 0, height, 0, 0);
  drawConsole(frame, scene.console);
  frame.setTransform(1, 0, 0, 1, 0, 0);
  // Sensor noise has the grain of the sensor: about one source pixel of a 1280x1024 frame or of this one.
  frame.save();
  const grain = textureTiles().grain[0]!;
  const scale = Math.max(1, width / 900);
  frame.globalCompositeOperation = 'overlay';
  frame.globalAlpha = scene.grain.alpha;
  frame.scale(scale, scale);
  frame.translate(-Math.floor(scene.grain.x * 256), -Math.floor(scene.grain.y * 256));
  frame.fillStyle = patternOf(frame, grain);
  frame.fillRect(0, 0, width / scale + 256, height / scale + 256);
  frame.restore();
  return canvas;
}

/** Draw a scene: RGBA bytes, row by row, `width * height * 4` of them. */
export function drawScene(scene: Scene, size: Size): Uint8ClampedArray {
  return renderScene(scene, size).getContext('2d').getImageData(0, 0, size.width, size.height).data;
}
