import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  argmax,
  ModelRunner,
  openModelDirectory,
  visionPositions,
  windowLayout,
} from '../../main/inference/index.ts';
import { asModelError } from '../../main/inference/model/index.ts';
import { noVariants } from '../../main/inference/model/index.ts';
import type { ImageGrid, DecoderCache, PreparedImage } from '../../main/inference/index.ts';
import { throwIfAborted } from '../../preload/contract/errors.ts';
import type { ModelManifest } from '../../preload/contract/model.ts';
import { readJson } from './configuration.ts';
import { hasGraphs, isImported } from './folders.ts';
import { readGoldenCase } from './golden-case.ts';
import type { GoldenCase } from './golden-case.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import type { ImportProgress } from './progress.ts';

export interface CheckOptions {
  /** An imported model directory, or a checkpoint folder, which is then imported as fp32 for the check alone. */
  model: string;
  /** Which graphs, of a folder in place with several. */
  variant?: string;
  signal?: AbortSignal;
  /** Of the import, where there is one. */
  onProgress?: (progress: ImportProgress) => void;
}

/** A model whose files are whole and whose graphs open. */
export interface ModelCheck {
  manifest: ModelManifest;
  /** Of the model as the engine knows it; see modelSha256. */
  sha256: string;
  device: string;
}

export interface GoldenCheck extends ModelCheck {
  /** Grids, window order, patch positions, prompt positions and the first position after them: all exact. */
  integersEqual: boolean;
  /** Every greedy token is the golden one. */
  tokensEqual: boolean;
  /** Largest absolute differences; 0 for images in a case without one. */
  pixelValues: number;
  imageFeatures: number;
  /** Of the prompt's rows, and of the generated tokens' where the case has them. */
  logits: number;
}

/**
 * Verifies every file of a model and opens its graphs.
 *
 * @throws WorkstationError as openModelDirectory and importCheckpoint do
 */
export async function checkModel(options: CheckOptions): Promise<ModelCheck> {
  return withRunner(options, (runner) => Promise.resolve(summarise(runner)));
}

/**
 * Runs a golden case through the engine from its image files on, and compares with Hugging Face's numbers. The
 * CPU alone is used: it is what the tolerances of the cases are meant for.
 *
 * @param options `golden` is the folder of a case
 * @throws WorkstationError as checkModel does, and for a case that can't be read
 */
export async function checkGolden(options: CheckOptions & { golden: string }): Promise<GoldenCheck> {
  const golden = await readGoldenCase(options.golden);
  return withRunner(options, async (runner) => {
    const images = golden.images.map((image) => runner.prepareImage(image));
    const features: Float32Array[] = [];
    for (const image of images) {
      throwIfAborted(options.signal);
      features.push(await runner.encodeImage(image));
    }
    const hasImages = golden.has('image_grid_thw');
    const text = await runText(runner, golden, images, features, options.signal);
    return {
      ...summarise(runner),
      integersEqual: text.positionsEqual && integersEqual(runner, golden, images),
      tokensEqual: text.tokensEqual,
      pixelValues: hasImages
        ? largestDifference(joined(images.map(({ pixelValues }) => pixelValues)), golden.pixelValues())
        : 0,
      imageFeatures: hasImages ? largestDifference(joined(features), golden.floats('image_features')) : 0,
      logits: text.logits,
    };
  });
}

/** Opens a model's graphs on the CPU for `use`; a checkpoint is imported for that alone, with weights of `dtype`. */
export async function withRunner<Result>(
  { model, variant, signal, onProgress, dtype = 'fp32' }: CheckOptions & { dtype?: 'fp32' | 'q8' },
  use: (runner: ModelRunner) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), 'model-check-'));
  try {
    let directory = model;
    if (await isCheckpoint(model)) {
      if (variant !== undefined) throw noVariants(model);
      directory = join(temporary, 'model');
      await importCheckpoint({
        checkpoint: model,
        out: directory,
        dtype,
        ...(signal && { signal }),
        ...(onProgress && { onProgress }),
      });
    }
    const opened = await openModelDirectory(directory, {
      ...(variant !== undefined && { variant }),
      ...(signal && { signal }),
    });
    const runner = await ModelRunner.open(opened, { device: 'cpu' });
    try {
      return await use(runner);
    } finally {
      await runner.dispose();
    }
  } catch (error) {
    throw asModelError(model, error);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A folder whose manifest doesn't say that it was imported, and that has a configuration but no graphs. */
async function isCheckpoint(folder: string): Promise<boolean> {
  const manifest = await readJson(join(folder, 'manifest.json'));
  if (isImported(manifest) || (await hasGraphs(folder))) return false;
  return (await readJson(join(folder, 'config.json'))) !== null;
}

function summarise(runner: ModelRunner): ModelCheck {
  return { manifest: runner.model.manifest, sha256: runner.model.sha256, device: runner.device };
}

async function runText(
  runner: ModelRunner,
  golden: GoldenCase,
  images: PreparedImage[],
  features: Float32Array[],
  signal: AbortSignal | undefined,
): Promise<{ positionsEqual: boolean; tokensEqual: boolean; logits: number }> {
  const ids = golden.integers('input_ids');
  const expectedTokens = golden.integers('generated_ids');
  const positions = runner.positions(
    ids,
    images.map(({ grid }) => grid),
  );
  const cache = runner.newCache(ids.length + expectedTokens.length);
  const logits = await runner.prefill({
    embeddings: await runner.embed(ids, features),
    positions,
    from: 0,
    to: ids.length,
    cache,
    keep: 'all',
    ...(signal && { signal }),
  });
  const { vocabularySize } = runner.model.manifest.parameters;
  const first = logits.subarray(logits.length - vocabularySize);
  const generated = await generate(runner, cache, first, positions.delta, expectedTokens.length, signal);
  const differences = [largestDifference(logits, golden.floats('logits'))];
  if (golden.has('generated_logits')) {
    differences.push(largestDifference(generated.logits, golden.floats('generated_logits')));
  }
  return {
    positionsEqual:
      same(positions.positions, golden.integers('position_ids')) &&
      same([positions.delta], golden.integers('mrope_position_delta')) &&
      ids.length + positions.delta === golden.firstDecodePosition,
    tokensEqual: same(generated.ids, expectedTokens),
    logits: Math.max(...differences),
  };
}

/** Greedy tokens, past any that would end an answer, with the logits [count, vocabulary] of each choice. */
async function generate(
  runner: ModelRunner,
  cache: DecoderCache,
  first: Float32Array,
  delta: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<{ ids: number[]; logits: Float32Array }> {
  const ids: number[] = [];
  const rows: Float32Array[] = [];
  let row = first;
  for (let index = 0; index < count; index++) {
    throwIfAborted(signal);
    const id = argmax(row);
    ids.push(id);
    rows.push(row);
    if (index + 1 < count) row = await runner.decode(id, cache, delta);
  }
  return { ids, logits: joined(rows) };
}

function integersEqual(runner: ModelRunner, golden: GoldenCase, images: PreparedImage[]): boolean {
  if (!golden.has('image_grid_thw')) return images.length === 0;
  const { vision } = runner.model.manifest.parameters;
  const order: number[] = [];
  const windowEnds = [0];
  const patches: number[] = [];
  for (const { grid } of images) {
    const before = patches.length / 2 / vision.mergeSize ** 2;
    const layout = windowLayout({
      gridHeight: grid[1],
      gridWidth: grid[2],
      mergeSize: vision.mergeSize,
      windowUnits: vision.windowUnits,
      headDimension: vision.headSize,
    });
    for (let window = 0; window < layout.windows; window++) {
      const begin = window * layout.windowUnitsTotal;
      const units = layout.unitAt
        .subarray(begin, begin + layout.windowUnitsTotal)
        .filter((unit) => unit >= 0);
      for (const unit of units) order.push(before + unit);
      windowEnds.push(windowEnds.at(-1)! + units.length * layout.unitRows);
    }
    for (const position of visionPositions(grid[1], grid[2], vision.mergeSize)) patches.push(position);
  }
  const grids = images.flatMap(({ grid }): ImageGrid[number][] => [...grid]);
  return (
    same(grids, golden.integers('image_grid_thw')) &&
    same(order, golden.integers('window_index')) &&
    same(windowEnds, golden.integers('cu_window_seqlens')) &&
    same(patches, golden.integers('vision_pos_ids'))
  );
}

function same(found: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  return (
    found.length === expected.length && Array.from(found).every((value, index) => value === expected[index])
  );
}

/** Infinity for arrays of different lengths or a value that is no number. */
function largestDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < found.length; index++) {
    const difference = Math.abs(found[index]! - expected[index]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    if (difference > largest) largest = difference;
  }
  return largest;
}

function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
