import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { ImageProcessorConfig, type RgbImage } from '../../main/inference/image/image-processor.ts';

/** Reads the golden cases of test/fixtures/golden; their FORMAT.md says where the numbers come from. */
export const goldenFolder = fileURLToPath(new URL('../fixtures/golden/', import.meta.url));

export const imageCases = [
  '1_tied_200x150',
  '2a_448x364',
  '2b_224x224_exact',
  '2c_wide_840x30',
  '4_two_images',
  '5_untied_bf16_sharded',
];
export const allCases = [...imageCases, '3_text_only'];

interface Tensor {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface GoldenCase {
  readonly folder: string;
  readonly modelFolder: string;
  readonly tensors: Map<string, Tensor>;
  readonly images: { file: string; resizedFile: string; width: number; height: number }[];
  readonly firstDecodePosition: number;
  readonly pixelValuesSha256: string | undefined;
  readonly processor: ImageProcessorConfig;
  floats(name: string): Float32Array;
  integers(name: string): number[];
}

function readSafetensors(path: string): Map<string, Tensor> {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = entry.data_offsets;
    // Copied, so that every view starts on its own alignment.
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + start, 8 + headerLength + end)).buffer;
    const views: Record<string, () => Tensor['data']> = {
      F32: () => new Float32Array(bytes),
      I32: () => new Int32Array(bytes),
      I64: () => new BigInt64Array(bytes),
      U8: () => new Uint8Array(bytes),
    };
    tensors.set(name, { shape: entry.shape, data: views[entry.dtype]!() });
  }
  return tensors;
}

export function readGolden(name: string): GoldenCase {
  const folder = `${goldenFolder}${name}/`;
  const golden = JSON.parse(readFileSync(`${folder}golden.json`, 'utf8')) as {
    model_dir?: string;
    images?: { file: string; resized_file: string; width: number; height: number }[];
    first_decode_position: number;
    pixel_values_sha256?: string;
  };
  const tensors = readSafetensors(`${folder}golden.safetensors`);
  const tensor = (key: string): Tensor => {
    const found = tensors.get(key);
    if (!found) throw new Error(`${name} has no tensor ${key}`);
    return found;
  };
  return {
    folder,
    modelFolder: name.startsWith('5_') ? folder : `${goldenFolder}model_tied/`,
    tensors,
    images: (golden.images ?? []).map((image) => ({
      file: `${folder}${image.file}`,
      resizedFile: `${folder}${image.resized_file}`,
      width: image.width,
      height: image.height,
    })),
    firstDecodePosition: golden.first_decode_position,
    pixelValuesSha256: golden.pixel_values_sha256,
    processor: ImageProcessorConfig.parse(
      JSON.parse(readFileSync(`${folder}preprocessor_config.json`, 'utf8')),
    ),
    floats: (key) => tensor(key).data as Float32Array,
    integers: (key) => Array.from(tensor(key).data as BigInt64Array | Int32Array, Number),
  };
}

export async function readPng(path: string): Promise<RgbImage> {
  const image = await loadImage(path);
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const rgb = new Uint8Array(image.width * image.height * 3);
  for (let pixel = 0; pixel < image.width * image.height; pixel += 1) {
    rgb.set(data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { rgb, width: image.width, height: image.height };
}

export function sha256(values: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

export function largestDifference(first: ArrayLike<number>, second: ArrayLike<number>): number {
  if (first.length !== second.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < first.length; index += 1) {
    const difference = Math.abs(first[index]! - second[index]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
