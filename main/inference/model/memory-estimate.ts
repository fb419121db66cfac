import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { Size } from '../../../preload/contract/values.ts';
import type { MemoryEstimate } from '../messages.ts';
import { bytesInWords } from '../../platform/bytes-in-words.ts';
import { ImageProcessor } from '../image/image-processor.ts';
import type { ModelDirectory } from './model-directory.ts';

const mebibyte = 2 ** 20;
const float = Float32Array.BYTES_PER_ELEMENT;

/** Node, the runtime and the engine with a model of next to no size: 168 MB resident were measured on Linux, x64. */
const programBytes = 176 * mebibyte;
/** What sessions hold for each byte of a graph and its weights: some are kept once more in the order that a kernel likes. */
const weightFactor = 1.35;
/** Patches of a frame of 1920 x 1080. */
const usualPatches = 10_580;
/** Tokens of a question and its answer beside the frame. */
const usualTextTokens = 1024;
/** Values that a vision layer has in memory at once for each patch, in units of the model's width. */
const vectorsPerPatch = 12;
/** The same for a token of a prompt's piece. */
const vectorsPerToken = 24;
const promptPiece = 128;
/** A frame is not shrunk below this, about 400 by 400 pixels: with less, the model is refused instead. */
const leastPatches = 800;

/** What an estimate needs of a model: known of a checkpoint too, before it is imported. */
export type EstimatedModel = Pick<ModelDirectory, 'processor' | 'graphBytes'> & {
  readonly manifest: Pick<ModelDirectory['manifest'], 'parameters'>;
};

export interface EstimateOptions {
  /** Bytes for the features of frames that are kept. */
  readonly frameCacheBytes: number;
  /** What this process may take in all: free memory and what it has already, at most its ceiling. */
  readonly freeBytes: number;
}

/** Least and most patches of an image for a model, as its preprocessor_config.json says. */
export function patchLimit(model: Pick<EstimatedModel, 'processor'>): number {
  const { patch_size: patch, max_pixels, size } = model.processor;
  return Math.ceil((max_pixels ?? size?.longest_edge ?? 28 * 28 * 1280) / patch ** 2);
}

/**
 * Bytes for one look at an image of so many patches: its pixels as numbers three times (prepared, in windows, and
 * the graph's copy), the values of a layer, and the scores of a head in a layer that attends over the whole image,
 * `[patches, patches]`, before and after softmax. That last part grows with the square.
 */
export function visionBytes(patches: number, model: Pick<EstimatedModel, 'manifest'>): number {
  const { vision, hiddenSize } = model.manifest.parameters;
  const pixels = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
  return float * patches * (3 * pixels + vectorsPerPatch * hiddenSize + 2 * patches);
}

/** The most patches whose look fits into so many bytes: the positive root of {@link visionBytes}. */
export function patchesWithin(bytes: number, model: Pick<EstimatedModel, 'manifest'>): number {
  const { vision, hiddenSize } = model.manifest.parameters;
  const pixels = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
  const linear = 3 * pixels + vectorsPerPatch * hiddenSize;
  return Math.floor((Math.sqrt(linear ** 2 + (8 * Math.max(0, bytes)) / float) - linear) / 4);
}

/**
 * What a model will take of memory, from its manifest and the sizes of its files. Working memory follows from shapes;
 * the rest was fitted to the resident memory after one question on a frame (CPU, Linux, x64):
 *
 * | model | graphs | expected | resident |
 * |---|---|---|---|
 * | embedded, fp32 | 13 MB | 214 MB | 209 MB |
 * | embedded, q8 | 4 MB | 202 MB | 200 MB |
 * | 8 layers of the 3B shape, int4, small vocabulary, frame of 644 x 476 | 654 MB | 1,335 MB | 1,300 MB |
 * | 4 layers of it, whole vocabulary, the same frame | 605 MB | 1,257 MB | 1,190 MB |
 */
export function estimateMemory(model: EstimatedModel, options: EstimateOptions): MemoryEstimate {
  const { hiddenSize, vocabularySize, layers, keyValueHeads, headSize, maxPositions, vision } =
    model.manifest.parameters;
  const weights = model.graphBytes * weightFactor;
  const patches = patchLimit(model);
  const prefill = float * (promptPiece * vectorsPerToken * hiddenSize + 2 * vocabularySize);
  const working = Math.max(visionBytes(Math.min(patches, usualPatches), model), prefill);
  const workingMost = Math.max(visionBytes(patches, model), prefill);
  const keyValuesPerToken = 2 * layers * keyValueHeads * headSize * float;
  const usualTokens = Math.min(
    maxPositions,
    Math.min(patches, usualPatches) / vision.mergeSize ** 2 + usualTextTokens,
  );
  const keyValuesFullContext = keyValuesPerToken * maxPositions;
  return {
    program: programBytes,
    weights,
    working,
    workingMost,
    keyValuesPerToken,
    keyValuesFullContext,
    frameCache: options.frameCacheBytes,
    needed: programBytes + weights + working + keyValuesPerToken * usualTokens,
    most: programBytes + weights + workingMost + keyValuesFullContext + options.frameCacheBytes,
    free: options.freeBytes,
  };
}

/** What a model is opened with: its limits as the memory allows them. */
export interface MemoryPlan {
  /** With fewer pixels for a frame, where a look at the most that it allows would not fit. */
  readonly model: ModelDirectory;
  readonly estimate: MemoryEstimate;
  /** How the model's own limit would have a frame; null where it is kept. */
  readonly largerLook: ImageProcessor | null;
}

/**
 * Plans with what is free now. A look at a frame may take half of what the weights leave, since its memory grows with
 * the square of the pixels: where the model's own limit is above that, frames are shrunk further, and answers say so.
 */
export function planMemory(
  model: ModelDirectory,
  options: { readonly memoryCeilingBytes?: number; readonly frameCacheBytes?: number },
): MemoryPlan {
  const available = process.availableMemory() + process.memoryUsage.rss();
  const freeBytes = Math.min(available, options.memoryCeilingBytes ?? Infinity);
  const frameCacheBytes = options.frameCacheBytes ?? Math.min(512 * mebibyte, freeBytes / 8);
  const forLook = (freeBytes - programBytes - model.graphBytes * weightFactor) / 2;
  const patches = patchesWithin(forLook, model);
  const shrinks = patches < patchLimit(model) && patches >= leastPatches;
  const planned = shrinks ? withPatchLimit(model, patches) : model;
  return {
    model: planned,
    estimate: estimateMemory(planned, { frameCacheBytes, freeBytes }),
    largerLook: shrinks ? new ImageProcessor(model.processor) : null,
  };
}

function withPatchLimit(model: ModelDirectory, patches: number): ModelDirectory {
  const { min_pixels, size, patch_size: patch } = model.processor;
  const most = patches * patch ** 2;
  const least = min_pixels ?? size?.shortest_edge;
  return {
    ...model,
    processor: {
      ...model.processor,
      ...(least === undefined ? {} : { min_pixels: Math.min(least, most) }),
      max_pixels: most,
    },
  };
}

/** Says that a frame was shrunk for want of memory; null where it was not. */
export function shrunkNote(frame: Size, resized: Size, largerLook: ImageProcessor | null): string | null {
  const wanted = largerLook?.resizedSize(frame);
  if (wanted === undefined || (wanted.width === resized.width && wanted.height === resized.height))
    return null;
  return `The model saw the frame at ${resized.width} x ${resized.height} pixels, not at ${wanted.width} x ${wanted.height}: a larger look would not fit into the free memory.`;
}

/** @throws WorkstationError `out-of-memory` when a usual question could not be answered in the free memory. */
export function checkMemory(estimate: MemoryEstimate): void {
  const { needed, free, program, weights, working } = estimate;
  if (needed <= free) return;
  const rest = needed - program - weights - working;
  throw new WorkstationError(
    'out-of-memory',
    `The model needs about ${bytesInWords(needed)} of memory (weights ${bytesInWords(weights)}, work on a frame ${bytesInWords(working)}, keys and values of a question ${bytesInWords(rest)}); ${bytesInWords(free)} are free for it.`,
    outOfMemoryHint,
  );
}

/** What to do about too little memory. */
export const outOfMemoryHint =
  'Close other programs, or import the model in 8 or 4 bits (--dtype q8 or --dtype int4).';

/** What to do when the engine's process took more memory than it may. */
export const ceilingHint = `${outOfMemoryHint} The ceiling itself can be raised: see "Memory of the engine" in docs/TROUBLESHOOTING.md.`;
