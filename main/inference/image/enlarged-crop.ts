import type { Size } from '../../../preload/contract/values.ts';

/** A crop beside the frame is enlarged to about this many pixels, because it is there to be looked at more closely, */
const usualPixels = 448 * 448;
/** but neither side of it to more than so many times its own, beyond which there is nothing more to be seen. */
const mostEnlarged = 4;

/**
 * The size that a crop which stands beside its frame is taken to have, in pixels and parts of them, before the model's own
 * limits. They have the last word: a crop is never shown with more pixels than a model takes.
 */
export function enlargedCrop({ width, height }: Size): Size {
  const by = Math.min(mostEnlarged, Math.max(1, Math.sqrt(usualPixels / (width * height))));
  return { width: width * by, height: height * by };
}
