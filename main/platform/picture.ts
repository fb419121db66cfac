import { ImageData, type SKRSContext2D } from '@napi-rs/canvas';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** A picture whose `rgb` holds height x width x 3 bytes, row by row from the top. */
export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** Copies a picture unscaled to the top left of a canvas. Throws `internal` if it has a wrong number of bytes. */
export function putPicture(context: SKRSContext2D, { width, height, rgb }: Picture): void {
  if (rgb.length !== width * height * 3) {
    throw new WorkstationError(
      'internal',
      `A frame of ${width}x${height} should have ${width * height * 3} bytes, but has ${rgb.length}.`,
      'Open the video again.',
    );
  }
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from] as number;
    rgba[to + 1] = rgb[from + 1] as number;
    rgba[to + 2] = rgb[from + 2] as number;
  }
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
}
