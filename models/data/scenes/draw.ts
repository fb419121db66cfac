import { createCanvas } from '@napi-rs/canvas';
import type { Canvas } from '@napi-rs/canvas';
import type { Size } from '../../../preload/contract/values.ts';
import { drawCueOver } from './cues-over.ts';
import { drawCueUnder } from './cues-under.ts';
import { drawInstrument, drawShadow } from './instruments.ts';
import { textureTiles } from './tiles.ts';
import { drawAtmosphere, drawTissue, patternOf } from './tissue.ts';
import { ASPECT } from './types.ts';
import type { Scene } from './types.ts';

const canvases = new Map<string, Canvas>();

/** Canvases are kept by size and use: allocation of large ones costs as much as drawing. */
function canvasOf(use: string, width: number, height: number): Canvas {
  const key = `${use} ${width}x${height}`;
  let canvas = canvases.get(key);
  if (!canvas) {
    // A blurred frame is drawn at a size of its own: keep those of recent sizes only.
    if (canvases.size > 24) canvases.clear();
    canvas = createCanvas(width, height);
    canvases.set(key, canvas);
  }
  return canvas;
}

/**
 * Draw a scene on this process's canvas of that size. The canvas is the same object for every call
 * with one size: encode or copy it before the next call.
 */
export function renderScene(scene: Scene, size: Size): Canvas {
  const { width, height } = size;
  const soft = scene.sharpness < 1;
  const canvas = canvasOf('frame', width, height);
  const steps = 16;
  const factor = Math.round(scene.sharpness * steps) / steps;
  const work = soft ? canvasOf('work', Math.round(width * factor), Math.round(height * factor)) : canvas;
  const context = work.getContext('2d');
  context.setTransform(work.width / ASPECT, 0, 0, work.height, 0, 0);
  drawTissue(context, scene);
  for (const item of scene.instruments) drawCueUnder(context, item);
  for (const item of scene.instruments) drawShadow(context, item);
  for (const item of scene.instruments) {
    drawInstrument(context, item);
    drawCueOver(context, item);
  }
  drawAtmosphere(context, scene);

  const frame = canvas.getContext('2d');
  frame.setTransform(1, 0, 0, 1, 0, 0);
  if (soft) {
    frame.imageSmoothingEnabled = true;
    frame.drawImage(work, 0, 0, width, height);
  }
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
