import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { resampleBicubic } from './resample.ts';
import { smartResize } from './smart-resize.ts';

/** `preprocessor_config.json` of a Qwen2.5-VL model: the parts that decide the pixels. */
export const ImageProcessorConfig = z.object({
  min_pixels: z.int().positive().optional(),
  max_pixels: z.int().positive().optional(),
  size: z
    .object({ shortest_edge: z.int().positive().optional(), longest_edge: z.int().positive().optional() })
    .optional(),
  patch_size: z.int().positive().default(14),
  temporal_patch_size: z.int().positive().default(2),
  merge_size: z.int().positive().default(2),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  image_mean: z.tuple([z.number(), z.number(), z.number()]),
  image_std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
});
export type ImageProcessorConfig = z.infer<typeof ImageProcessorConfig>;

/** 8-bit RGB24 without row padding: `width * height * 3` bytes. */
export interface RgbImage extends Size {
  readonly rgb: Uint8Array;
}

export interface PreparedImage {
  /** Size in pixels of the image that the model sees. */
  readonly resized: Size;
  /** Patches along [time, height, width]; time is 1 for a still. */
  readonly grid: readonly [1, number, number];
  /**
   * `[gridHeight * gridWidth, 1176]`: rows in 2x2 merge blocks, blocks in raster order; columns in the order
   * channel, frame (two equal ones), y, x. Normalised float32.
   */
  readonly pixelValues: Float32Array;
}

/** Normalised float32 of every byte value per channel, `[3, 256]`. */
export function normalisationTable(config: ImageProcessorConfig): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel += 1) {
    // The reference rescales in float64, rounds to float32, and then subtracts and divides in float32.
    const mean = Math.fround(config.image_mean[channel]!);
    const deviation = Math.fround(config.image_std[channel]!);
    for (let byte = 0; byte < 256; byte += 1) {
      const rescaled = Math.fround(byte * config.rescale_factor);
      table[channel * 256 + byte] = Math.fround(Math.fround(rescaled - mean) / deviation);
    }
  }
  return table;
}

/** Pixels of one image to the patches of the vision encoder, bit for bit as Hugging Face's processor. */
export class ImageProcessor {
  readonly config: ImageProcessorConfig;
  /** Pixels of the resized image along one side of a merged token. */
  readonly factor: number;
  readonly minPixels: number;
  readonly maxPixels: number;
  readonly #table: Float32Array;

  constructor(config: ImageProcessorConfig) {
    this.config = config;
    this.factor = config.patch_size * config.merge_size;
    this.minPixels = config.min_pixels ?? config.size?.shortest_edge ?? 56 * 56;
    this.maxPixels = config.max_pixels ?? config.size?.longest_edge ?? 28 * 28 * 1280;
    this.#table = normalisationTable(config);
  }

  /** Values per patch: 3 channels, the temporal patch, the patch squared. */
  get patchLength(): number {
    return 3 * this.config.temporal_patch_size * this.config.patch_size ** 2;
  }

  /** Size in pixels that the model sees for a source of this size. */
  resizedSize(source: Size): Size {
    return smartResize(source, {
      factor: this.factor,
      minPixels: this.minPixels,
      maxPixels: this.maxPixels,
    });
  }

  /** What decides the pixels, in one string: part of every cache key. */
  get fingerprint(): string {
    const { patch_size, temporal_patch_size, merge_size, rescale_factor, image_mean, image_std } =
      this.config;
    return JSON.stringify([
      this.minPixels,
      this.maxPixels,
      patch_size,
      temporal_patch_size,
      merge_size,
      rescale_factor,
      image_mean,
      image_std,
    ]);
  }

  /** @throws WorkstationError `invalid-input` when the bytes don't fit the size, or the shape is extreme. */
  prepare(image: RgbImage): PreparedImage {
    const expected = image.width * image.height * 3;
    if (image.rgb.length !== expected || expected === 0) {
      throw new WorkstationError(
        'invalid-input',
        `A ${image.width} by ${image.height} image has ${expected} bytes of RGB; got ${image.rgb.length}.`,
        'Decode the frame again as RGB with 8 bits a channel.',
      );
    }
    const resized = this.resizedSize(image);
    const pixels = resampleBicubic(image.rgb, image, resized);
    const { patch_size: patch } = this.config;
    const gridHeight = resized.height / patch;
    const gridWidth = resized.width / patch;
    return {
      resized,
      grid: [1, gridHeight, gridWidth],
      pixelValues: this.#patches(pixels, resized.width, gridHeight, gridWidth),
    };
  }

  #patches(pixels: Uint8Array, width: number, gridHeight: number, gridWidth: number): Float32Array {
    const { patch_size: patch, temporal_patch_size: frames, merge_size: merge } = this.config;
    const table = this.#table;
    const area = patch * patch;
    const values = new Float32Array(gridHeight * gridWidth * this.patchLength);
    let at = 0;
    for (let blockRow = 0; blockRow < gridHeight; blockRow += merge) {
      for (let blockColumn = 0; blockColumn < gridWidth; blockColumn += merge) {
        for (let row = blockRow; row < blockRow + merge; row += 1) {
          for (let column = blockColumn; column < blockColumn + merge; column += 1) {
            for (let channel = 0; channel < 3; channel += 1) {
              const start = at;
              for (let y = 0; y < patch; y += 1) {
                let from = ((row * patch + y) * width + column * patch) * 3 + channel;
                for (let x = 0; x < patch; x += 1) {
                  values[at] = table[channel * 256 + pixels[from]!]!;
                  at += 1;
                  from += 3;
                }
              }
              for (let frame = 1; frame < frames; frame += 1) {
                values.copyWithin(at, start, start + area);
                at += area;
              }
            }
          }
        }
      }
    }
    return values;
  }
}
