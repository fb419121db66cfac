import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  dimensionsOf,
  distanceFrom,
  PictureGate,
  picturesFile,
  pooled,
  writeNumbers,
  type GateNumbers,
} from '../../main/inference/index.ts';
import type { RgbImage } from '../../main/inference/index.ts';
import { throwIfAborted, WorkstationError } from '../../preload/contract/errors.ts';
import type { ModelPictures } from '../../preload/contract/model.ts';
import { withRunner } from './check.ts';

/** Part of the pictures that is kept out of the fit, for the threshold: every fifth. */
const heldOutEvery = 5;
/** Fewer tell nothing about the spread of so many numbers. */
export const fewestPictures = 100;

export interface FitPicturesOptions {
  /** A checkpoint with a manifest, or an imported model's folder; it gets the gate's file and an entry in its manifest. */
  model: string;
  /** How many pictures there are, and how each is read. */
  count: number;
  picture: (index: number) => Promise<RgbImage>;
  /** What the pictures are, in words. */
  fittedTo: string;
  /** Share of pictures like these that may be called unlike. */
  falseAlarms: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Fits a model's picture gate to pictures like those that it is to know, through the engine's own numbers, and writes
 * it into the model's folder.
 *
 * @throws WorkstationError `invalid-input` for too few pictures, and what opening the model and reading a picture throw.
 */
export async function fitPictures(options: FitPicturesOptions): Promise<ModelPictures> {
  const { model, count, falseAlarms, signal, onProgress } = options;
  if (count < fewestPictures) {
    throw new WorkstationError(
      'invalid-input',
      `${count} pictures are too few to know what a picture of their kind is like.`,
      `Give a folder with ${fewestPictures} pictures or more; 1,000 are better.`,
    );
  }
  // The features that will be asked for are those of the weights as they run, rounded or not.
  return withRunner({ model, dtype: 'q8', ...(signal && { signal }) }, async (runner) => {
    const { manifest } = runner.model;
    const { hiddenSize } = manifest.parameters;
    const dimensions = dimensionsOf(hiddenSize);
    const pools: Float64Array[] = [];
    for (let index = 0; index < count; index++) {
      throwIfAborted(signal);
      const image = runner.prepareImage(await options.picture(index));
      pools.push(pooled(await runner.encodeImage(image), hiddenSize, dimensions));
      onProgress?.(index + 1, count);
    }
    const isHeldOut = (_: unknown, index: number): boolean => index % heldOutEvery === 0;
    const numbers = gateNumbers(pools.filter((pool, index) => !isHeldOut(pool, index)));
    const threshold = quantile(
      pools.filter(isHeldOut).map((pool) => distanceFrom(numbers, pool)),
      1 - falseAlarms,
    );
    const pictures = {
      file: picturesFile,
      dimensions,
      threshold: Number(threshold.toPrecision(6)),
      weightsSha256: manifest.source.sha256,
      fittedTo: `${count} ${options.fittedTo}`,
    };
    await writeGate(model, pictures, writeNumbers(numbers));
    return pictures;
  });
}

export type DistancesOptions = Pick<
  FitPicturesOptions,
  'model' | 'count' | 'picture' | 'signal' | 'onProgress'
>;

/**
 * How far each of some pictures is from those that a model's gate was fitted to, and the distance from which on it calls
 * one unlike.
 *
 * @throws WorkstationError `invalid-input` for a model without a gate of its own weights.
 */
export async function distancesOf(
  options: DistancesOptions,
): Promise<{ distances: number[]; threshold: number }> {
  const { model, count, signal, onProgress } = options;
  return withRunner({ model, dtype: 'q8', ...(signal && { signal }) }, async (runner) => {
    const gate = await PictureGate.open(runner.model.directory, runner.model.manifest);
    if (gate === null) {
      throw new WorkstationError(
        'invalid-input',
        `${model} has no picture gate for its weights.`,
        'Fit one with: models pictures MODEL --frames DIR.',
      );
    }
    const distances: number[] = [];
    for (let index = 0; index < count; index++) {
      throwIfAborted(signal);
      const image = runner.prepareImage(await options.picture(index));
      distances.push(gate.distance(await runner.encodeImage(image)));
      onProgress?.(index + 1, count);
    }
    return { distances, threshold: gate.threshold };
  });
}

/** Mean, scale and whitening of pooled pictures; the covariance of the scaled numbers gets a ridge. */
export function gateNumbers(pools: readonly Float64Array[]): GateNumbers {
  const size = pools[0]?.length ?? 0;
  const average = (of: (pool: Float64Array) => number): number =>
    pools.reduce((sum, pool) => sum + of(pool), 0) / pools.length;
  const mean = Float64Array.from({ length: size }, (_, at) => average((pool) => pool[at]!));
  const scale = Float64Array.from(
    { length: size },
    (_, at) => Math.sqrt(average((pool) => (pool[at]! - mean[at]!) ** 2)) + 1e-6,
  );
  const scaled = pools.map((pool) => pool.map((value, at) => (value - mean[at]!) / scale[at]!));
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  for (const pool of scaled) {
    for (let row = 0; row < size; row++) {
      const of = covariance[row]!;
      const value = pool[row]! / scaled.length;
      for (let column = 0; column <= row; column++) of[column]! += value * pool[column]!;
    }
  }
  // Few pictures for so many numbers make some directions look narrower than they are.
  const ridge = 1e-3 + (0.1 * size) / scaled.length;
  for (let row = 0; row < size; row++) covariance[row]![row]! += ridge;
  return {
    mean: Float32Array.from(mean),
    scale: Float32Array.from(scale),
    whitening: inverseOfLower(cholesky(covariance)),
  };
}

/** L of a symmetric positive matrix L L^T, of which the lower half is given; changes it in place. */
function cholesky(matrix: Float64Array[]): Float64Array[] {
  for (let row = 0; row < matrix.length; row++) {
    const own = matrix[row]!;
    for (let column = 0; column <= row; column++) {
      const other = matrix[column]!;
      let sum = own[column]!;
      for (let k = 0; k < column; k++) sum -= own[k]! * other[k]!;
      own[column] = column === row ? Math.sqrt(sum) : sum / other[column]!;
    }
  }
  return matrix;
}

/** The inverse of a lower triangle, row after row. */
function inverseOfLower(lower: readonly Float64Array[]): Float32Array {
  const size = lower.length;
  const inverse = lower.map(() => new Float64Array(size));
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) sum -= lower[row]![k]! * inverse[k]![column]!;
      inverse[row]![column] = sum / lower[row]![row]!;
    }
  }
  return Float32Array.from(inverse.flatMap((values, row) => [...values.subarray(0, row + 1)]));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (at - Math.floor(at)) * (above - below);
}

/** Writes the file, then the manifest that names it: a folder in between has a file that nobody reads. */
async function writeGate(folder: string, pictures: ModelPictures, bytes: Buffer): Promise<void> {
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, unknown> };
  await writeFile(join(folder, pictures.file), bytes);
  const { files, ...rest } = manifest;
  const described = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
  const text = JSON.stringify(
    { ...rest, pictures, files: { ...files, [pictures.file]: described } },
    null,
    2,
  );
  await writeFile(`${path}.partial`, `${text}\n`);
  await rename(`${path}.partial`, path);
}
