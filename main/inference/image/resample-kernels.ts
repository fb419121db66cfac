import { WorkstationError } from '../../../preload/contract/errors.ts';
import {
  advance,
  constant,
  get,
  integers,
  repeatWhile,
  set,
  vectors,
  wasmModule,
  type Code,
  type WasmFunction,
} from './wasm-code.ts';

/**
 * Inner loops of the resampling, in vectors of 128 bits. A weight of 24 bits is multiplied in two parts, since the
 * fastest product, of 16-bit numbers, takes two weights at once: `weight = high * 2^11 + low`, with 0 <= low < 2^11.
 * The arithmetic is that of 32-bit integers still, bit for bit.
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

/** Low and high parts of the sums, with the half that rounds. */
const begin = (low: number, high: number): Code => [
  ...set(low, vectors.repeated(constant(1 << (precisionBits - 1)))),
  ...set(high, vectors.zero),
];
const addTo = (sum: number, pairs: number, weights: Code): Code =>
  set(sum, vectors.add(get(sum), vectors.dot(get(pairs), weights)));
/** Sums to whole numbers, not yet held to 0..255. */
const whole = (low: number, high: number): Code =>
  vectors.shiftRight(
    vectors.add(vectors.shiftLeft(get(high), constant(lowBits)), get(low)),
    constant(precisionBits),
  );

/**
 * Two rows of RGB pixels to their new width. For each pixel of the target the plan has the byte at which its first
 * source pixel stands (32 bits), then its weights in groups of four pixels: low 0 and 1, low 2 and 3, high 0 and 1,
 * high 2 and 3, of 16 bits.
 */
function horizontal(): WasmFunction {
  const [source0, source1, target0, target1, plan, planEnd, weightBytes] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [from, weightsEnd, distance] = [7, 8, 9] as const;
  const [pixels, pairs, low0, high0, low1, high1] = [10, 11, 12, 13, 14, 15] as const;
  // Red, green and blue of pixels 0 and 1, or 2 and 3, side by side as 16 bits; places from 16 on are zeros.
  const firstPairs = [0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16];
  const secondPairs = [6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16];
  const ofRow = (address: Code, low: number, high: number): Code => [
    ...set(pixels, vectors.load(address)),
    ...set(pairs, vectors.shuffle(get(pixels), vectors.zero, firstPairs)),
    ...addTo(low, pairs, vectors.loadRepeated(get(plan), 0)),
    ...addTo(high, pairs, vectors.loadRepeated(get(plan), 8)),
    ...set(pairs, vectors.shuffle(get(pixels), vectors.zero, secondPairs)),
    ...addTo(low, pairs, vectors.loadRepeated(get(plan), 4)),
    ...addTo(high, pairs, vectors.loadRepeated(get(plan), 12)),
  ];
  const store = (target: number, low: number, high: number): Code => [
    ...set(pairs, vectors.narrowToShorts(whole(low, high), vectors.zero)),
    // The fourth byte is the next pixel's first, which comes later.
    ...vectors.storeFirst(get(target), vectors.narrowToBytes(get(pairs), vectors.zero)),
    ...advance(target, constant(3)),
  ];
  const body = [
    ...set(distance, integers.subtract(get(source1), get(source0))),
    ...repeatWhile(
      integers.isBelow(get(plan), get(planEnd)),
      set(from, integers.add(get(source0), integers.load(get(plan)))),
      advance(plan, constant(4)),
      set(weightsEnd, integers.add(get(plan), get(weightBytes))),
      begin(low0, high0),
      begin(low1, high1),
      repeatWhile(
        integers.isBelow(get(plan), get(weightsEnd)),
        ofRow(get(from), low0, high0),
        ofRow(integers.add(get(from), get(distance)), low1, high1),
        advance(from, constant(3 * pixelsAtOnce)),
        advance(plan, constant(pixelGroupBytes)),
      ),
      store(target0, low0, high0),
      store(target1, low1, high1),
    ),
  ];
  return { parameters: 7, integers: 3, vectors: 6, body };
}

/**
 * Rows of bytes, `rowBytes` apart, to one. Weights stand in groups of two rows: low 0 and 1, high 0 and 1, of 16 bits.
 */
function vertical(): WasmFunction {
  const [source, rowBytes, target, targetEnd, weights, weightsEnd] = [0, 1, 2, 3, 4, 5] as const;
  const [from, at] = [6, 7] as const;
  const [first, second, mixed, pairs] = [8, 9, 10, 11] as const;
  const sums = [
    [12, 13],
    [14, 15],
    [16, 17],
    [18, 19],
  ] as const;
  const mixedLow = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
  const mixedHigh = mixedLow.map((place) => place + 8);
  const addPairs = ([low, high]: readonly [number, number], values: Code): Code => [
    ...set(pairs, values),
    ...addTo(low, pairs, vectors.loadRepeated(get(at), 0)),
    ...addTo(high, pairs, vectors.loadRepeated(get(at), 4)),
  ];
  const body = repeatWhile(
    integers.isBelow(get(target), get(targetEnd)),
    set(from, get(source)),
    set(at, get(weights)),
    ...sums.map(([low, high]) => begin(low, high)),
    repeatWhile(
      integers.isBelow(get(at), get(weightsEnd)),
      set(first, vectors.load(get(from))),
      advance(from, get(rowBytes)),
      set(second, vectors.load(get(from))),
      advance(from, get(rowBytes)),
      set(mixed, vectors.shuffle(get(first), get(second), mixedLow)),
      addPairs(sums[0], vectors.widenLow(get(mixed))),
      addPairs(sums[1], vectors.widenHigh(get(mixed))),
      set(mixed, vectors.shuffle(get(first), get(second), mixedHigh)),
      addPairs(sums[2], vectors.widenLow(get(mixed))),
      addPairs(sums[3], vectors.widenHigh(get(mixed))),
      advance(at, constant(rowGroupBytes)),
    ),
    vectors.store(
      get(target),
      vectors.narrowToBytes(
        vectors.narrowToShorts(whole(...sums[0]), whole(...sums[1])),
        vectors.narrowToShorts(whole(...sums[2]), whole(...sums[3])),
      ),
    ),
    advance(source, constant(16)),
    advance(target, constant(16)),
  );
  return { parameters: 6, integers: 2, vectors: 12, body };
}

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
  const code = wasmModule({ horizontal: horizontal(), vertical: vertical() });
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
