import { createCanvas, ImageData } from '@napi-rs/canvas';
import type { Size } from '../../../preload/contract/values.ts';
import type { RgbImage } from '../image/image-processor.ts';
import { resampleBicubic } from '../image/resample.ts';
import { smartResize, type ResizeLimits } from '../image/smart-resize.ts';

/** A frame as it goes to the server. */
export interface FramePicture {
  /** Lossless: the server's model sees the pixels that the engine's own would. */
  readonly png: Buffer;
  /** The size at which the model sees it; boxes in pixels are of this picture. */
  readonly resized: Size;
}

/**
 * Resizes a frame as the model's own preprocessing does, so that there is nothing left to resize for the server.
 * @param as The size that it is taken to have, where it is to be seen enlarged.
 * @throws WorkstationError `invalid-input` for an extreme shape.
 */
export async function framePicture(
  frame: RgbImage,
  limits: ResizeLimits,
  as: Size = frame,
): Promise<FramePicture> {
  const resized = smartResize(as, limits);
  const rgb = resampleBicubic(frame.rgb, frame, resized);
  return { png: await encodePicture({ rgb, ...resized }), resized };
}

/** PNG of the pixels as they are. */
export async function encodePicture({ rgb, width, height }: RgbImage): Promise<Buffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  const canvas = createCanvas(width, height);
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas.encode('png');
}
