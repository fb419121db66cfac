import { z } from 'zod';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import { resampleBicubic } from './resample.ts';
import { smartResize } from './smart-resize.ts';

/** No model looks at a picture of more pixels, so a frame is never enlarged beyond this. */
const Pixels = z
  .int()
  .positive()
  .max(2 ** 28);
const Side = z.int().positive().max(1024);

/** `preprocessor_config.json` of a Qwen2.5-VL model: the parts that decide the pixels. */
export const ImageProcessorConfig = z.object({
  min_pixels: Pixels.optional(),
  max_pixels: Pixels.optional(),
  size: z.object({ shortest_edge: Pixels.optional(), longest_edge: Pixels.optional() }).optional(),
  patch_size: Side.default(14),
  temporal_patch_size: Side.default(2),
  merge_size: Side.default(2),
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

/** How the values of an image are laid out; see {@link PreparedImage.pixelValues}. */
interface PatchLayout {
  readonly patch: number;
  readonly frames: number;
  readonly merge: number;
  /** See {@link normalisationTable}. */
  readonly table: Float32Array;
}

/** One image as the model sees it. Its patches are made where they are wanted, without a copy between. */
export class PreparedImage {
  /** Size in pixels of the image that the model sees. */
  readonly resized: Size;
  /** Patches along [time, height, width]; time is 1 for a still. */
  readonly grid: readonly [1, number, number];
  /** Values of a merged token: its patches, one after another. */
  readonly unitLength: number;
  readonly #pixels: Uint8Array;
  readonly #layout: PatchLayout;
  #values: Float32Array | null = null;

  /** @param pixels 8-bit RGB24 of the resized image */
  constructor(pixels: Uint8Array, resized: Size, layout: PatchLayout) {
    const { patch, frames, merge } = layout;
    this.resized = resized;
    this.grid = [1, resized.height / patch, resized.width / patch];
    this.unitLength = merge * merge * 3 * frames * patch * patch;
    this.#pixels = pixels;
    this.#layout = layout;
  }

  /**
   * `[gridHeight * gridWidth, 1176]`: rows in 2x2 merge blocks, blocks in raster order; columns in the order
   * channel, frame (two equal ones), y, x. Normalised float32.
   */
  get pixelValues(): Float32Array {
    if (this.#values !== null) return this.#values;
    const units = (this.grid[1] * this.grid[2]) / this.#layout.merge ** 2;
    const values = new Float32Array(units * this.unitLength);
    for (let unit = 0; unit < units; unit += 1) this.writeUnit(unit, values, unit * this.unitLength);
    this.#values = values;
    return values;
  }

  /** Writes the values of one merge block, counted in raster order, to `at` and on. */
  writeUnit(unit: number, values: Float32Array, at: number): void {
    const { patch, merge } = this.#layout;
    const across = this.grid[2] / merge;
    const top = Math.floor(unit / across) * merge;
    const left = (unit % across) * merge;
    let to = at;
    for (let row = top; row < top + merge; row += 1) {
      for (let column = left; column < left + merge; column += 1) {
        to = this.#writePatch(row * patch, column * patch, values, to);
      }
    }
  }

  /** Returns where the next patch goes. */
  #writePatch(top: number, left: number, values: Float32Array, at: number): number {
    const { patch, frames, table } = this.#layout;
    const pixels = this.#pixels;
    const { width } = this.resized;
    let to = at;
    for (let channel = 0; channel < 3; channel += 1) {
      const start = to;
      for (let y = top; y < top + patch; y += 1) {
        let from = (y * width + left) * 3 + channel;
        for (let x = 0; x < patch; x += 1) {
          values[to] = table[channel * 256 + pixels[from]!]!;
          to += 1;
          from += 3;
        }
      }
      for (let frame = 1; frame < frames; frame += 1) {
        values.copyWithin(to, start, start + patch * patch);
        to += patch * patch;
      }
    }
    return to;
  }
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

  /**
   * @param as The size that the image is taken to have, where it is to be seen enlarged.
   * @throws WorkstationError `invalid-input` when the bytes don't fit the size, or the shape is extreme.
   */
  prepare(image: RgbImage, as: Size = image): PreparedImage {
    const expected = image.width * image.height * 3;
    if (image.rgb.length !== expected || expected === 0) {
      throw new WorkstationError(
        'invalid-input',
        `A ${image.width} by ${image.height} image has ${expected} bytes of RGB; got ${image.rgb.length}.`,
        'Decode the frame again as RGB with 8 bits a channel.',
      );
    }
    const resized = this.resizedSize(as);
    const { patch_size: patch, temporal_patch_size: frames, merge_size: merge } = this.config;
    const pixels = resampleBicubic(image.rgb, image, resized);
    return new PreparedImage(pixels, resized, { patch, frames, merge, table: this.#table });
  }
}
