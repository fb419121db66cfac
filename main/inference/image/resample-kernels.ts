import { readFileSync } from 'node:fs';
import { WorkstationError } from '../../../preload/contract/errors.ts';

/**
 * Inner loops of the resampling, in vectors of 128 bits: `resample-kernels.wat` has them and says how they compute. These
 * numbers are the kernels' own. A weight of 24 bits is given in two parts: `weight = high * 2^lowBits + low`, with
 * `0 <= low < 2^lowBits`.
 */
export const lowBits = 11;
/** Bits after the point in a coefficient: 32 less 8 for the pixel and 2 for overshoot. */
export const precisionBits = 32 - 8 - 2;

/** Source pixels that the horizontal kernel takes at once, and bytes of their weights. */
export const pixelsAtOnce = 4;
export const pixelGroupBytes = 16;
/** Rows that the vertical kernel takes at once, and bytes of their weights. */
export const rowsAtOnce = 2;
export const rowGroupBytes = 8;
/** Bytes that the kernels read and write behind the end of a row, at most. */
export const overrun = 16;

const compiled = new URL('./resample-kernels.wasm', import.meta.url);

export interface ResampleKernels {
  readonly horizontal: (
    source0: number,
    source1: number,
    target0: number,
    target1: number,
    plan: number,
    planEnd: number,
    weightBytes: number,
  ) => void;
  readonly vertical: (
    source: number,
    rowBytes: number,
    target: number,
    targetEnd: number,
    weights: number,
    weightsEnd: number,
  ) => void;
}

/**
 * The kernels, on a memory of whole bytes; addresses are places in it.
 * @throws WorkstationError `unavailable` where the processor has no such vectors.
 */
export function resampleKernels(memory: WebAssembly.Memory): ResampleKernels {
  const code = readFileSync(compiled);
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { engine: { memory } });
    return instance.exports as unknown as ResampleKernels;
  } catch (cause) {
    throw new WorkstationError(
      'unavailable',
      'This processor lacks the vector instructions with which frames are resized (SSE 4.1 on a PC).',
      'Use a computer whose processor was made after 2011.',
      { cause },
    );
  }
}
