import { Buffer } from 'node:buffer';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { RgbImage } from '../../../main/inference/index.ts';

/** The picture of an `image_url` part. */
export async function pictureOf(url: string): Promise<RgbImage> {
  const [head, data] = url.split(',');
  if (head !== 'data:image/png;base64' || data === undefined) throw new Error('not a PNG in a data URL');
  const image = await loadImage(Buffer.from(data, 'base64'));
  const { width, height } = image;
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { rgb, width, height };
}
