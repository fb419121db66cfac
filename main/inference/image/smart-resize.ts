import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';

export interface ResizeLimits {
  /** Both sides become multiples of this, which is the patch size times the merge size. */
  readonly factor: number;
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** Rounds half to even, as Python's `round`; `Math.round` differs for 38 sizes up to 2160. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Size in pixels that the model sees for a source image, as `smart_resize` of Hugging Face's Qwen2-VL image
 * processor since 2025-06-10 (no minimum side, at least one factor when shrinking).
 *
 * @throws WorkstationError `invalid-input` when one side is more than 200 times the other.
 */
export function smartResize(source: Size, limits: ResizeLimits): Size {
  const { factor, minPixels, maxPixels } = limits;
  const { width, height } = source;
  if (Math.max(width, height) / Math.min(width, height) > 200) {
    throw new WorkstationError(
      'invalid-input',
      `The image is ${width} by ${height} pixels: one side is more than 200 times the other.`,
      'Choose a frame or a region with a less extreme shape.',
    );
  }
  let resizedHeight = roundHalfToEven(height / factor) * factor;
  let resizedWidth = roundHalfToEven(width / factor) * factor;
  if (resizedHeight * resizedWidth > maxPixels) {
    const beta = Math.sqrt((height * width) / maxPixels);
    resizedHeight = Math.max(factor, Math.floor(height / beta / factor) * factor);
    resizedWidth = Math.max(factor, Math.floor(width / beta / factor) * factor);
  } else if (resizedHeight * resizedWidth < minPixels) {
    const beta = Math.sqrt(minPixels / (height * width));
    resizedHeight = Math.ceil((height * beta) / factor) * factor;
    resizedWidth = Math.ceil((width * beta) / factor) * factor;
  }
  return { width: resizedWidth, height: resizedHeight };
}
