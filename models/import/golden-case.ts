import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { z } from 'zod';
import type { RgbImage } from '../../main/inference/index.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { isTooLarge, pictureTooLarge } from '../../preload/contract/picture-limit.ts';
import { imageSize } from '../../main/platform/image-size.ts';
import { readJson } from './configuration.ts';
import { readSafetensorsHeader, readValues } from './safetensors.ts';

const GoldenJson = z.object({
  first_decode_position: z.int(),
  images: z.array(z.object({ file: z.string() })).default([]),
});

/** Numbers that Hugging Face's own code gave for one prompt; see FORMAT.md beside the cases. */
export interface GoldenCase {
  images: RgbImage[];
  /** Position of the first generated token, on all three axes. */
  firstDecodePosition: number;
  has(name: string): boolean;
  shape(name: string): number[];
  floats(name: string): Float32Array;
  /** Integers of any width. */
  integers(name: string): number[];
  /** [patches, channels * frames * patch * patch] of all images, however the case stores them. */
  pixelValues(): Float32Array;
}

/**
 * Reads a folder with `golden.json`, `golden.safetensors` and the images that golden.json names.
 *
 * @throws WorkstationError `model-missing-file` or `model-altered-file` naming the file
 */
export async function readGoldenCase(folder: string): Promise<GoldenCase> {
  const parsed = GoldenJson.safeParse(await readJson(join(folder, 'golden.json')));
  if (!parsed.success) {
    throw new WorkstationError(
      'model-missing-file',
      'The golden case has no golden.json that can be read.',
      'Choose a folder with golden.json and golden.safetensors.',
    );
  }
  const tensors = new Map<string, { shape: number[]; values: ArrayLike<number | bigint> }>();
  for (const tensor of await readSafetensorsHeader(join(folder, 'golden.safetensors'))) {
    tensors.set(tensor.name, { shape: tensor.shape, values: await readValues(tensor) });
  }
  const get = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor) return tensor;
    throw new WorkstationError(
      'model-altered-file',
      `golden.safetensors has no ${name}.`,
      'Copy the golden case again.',
    );
  };
  const floats = (name: string): Float32Array => {
    const { values } = get(name);
    return values instanceof Float32Array ? values : Float32Array.from(values, Number);
  };
  const images: RgbImage[] = [];
  for (const { file } of parsed.data.images) images.push(await readImage(join(folder, file)));
  return {
    images,
    firstDecodePosition: parsed.data.first_decode_position,
    has: (name) => tensors.has(name),
    shape: (name) => get(name).shape,
    floats,
    integers: (name) => Array.from(get(name).values, Number),
    pixelValues() {
      if (tensors.has('pixel_values')) return floats('pixel_values');
      const bytes = get('pixel_values_u8');
      return spreadBytes(bytes.values, bytes.shape, floats('pixel_lut'));
    },
  };
}

/** Bytes [patches, channels, y, x] and a table [channels, 256] to values with every frame repeated. */
function spreadBytes(bytes: ArrayLike<number | bigint>, shape: number[], table: Float32Array): Float32Array {
  const frames = 2;
  const [, channels, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const values = new Float32Array(bytes.length * frames);
  for (let i = 0; i < bytes.length; i++) {
    const plane = Math.floor(i / area);
    const value = table[(plane % channels) * 256 + Number(bytes[i])]!;
    for (let frame = 0; frame < frames; frame++) values[(plane * frames + frame) * area + (i % area)] = value;
  }
  return values;
}

/** Not by its name: the library would fetch one that is an address. */
async function loadImageFile(file: string): ReturnType<typeof loadImage> {
  const size = await imageSize(file);
  if (size === null) throw new Error('neither PNG nor JPEG');
  if (isTooLarge(size)) throw pictureTooLarge(`The picture ${file}`, size);
  return loadImage(await readFile(file));
}

async function readImage(file: string): Promise<RgbImage> {
  const image = await loadImageFile(file).catch((cause: unknown) => {
    if (cause instanceof WorkstationError) throw cause;
    throw new WorkstationError(
      'model-missing-file',
      `The golden case's image ${file} cannot be read.`,
      'Copy the golden case again.',
      { cause },
    );
  });
  const { width, height } = image;
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { rgb, width, height };
}
