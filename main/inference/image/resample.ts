import type { Size } from '../../../preload/contract/values.ts';
import {
  lowBits,
  overrun,
  pixelGroupBytes,
  pixelsAtOnce,
  precisionBits,
  resampleKernels,
  rowGroupBytes,
  rowsAtOnce,
  type ResampleKernels,
} from './resample-kernels.ts';

/**
 * Antialiased bicubic resampling of 8-bit RGB with the results of Pillow's `Image.resize(..., BICUBIC)`:
 * a = -0.5, the kernel widened when shrinking, coefficients in fixed point, a horizontal pass and then a
 * vertical one, each rounded to 8 bits. The models were trained on exactly these pixels.
 */

const kernelRadius = 2;

/** Bicubic kernel (Keys, 1981) with a = -0.5. */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

interface Coefficients {
  /** First source sample of each output sample. */
  readonly first: Int32Array;
  /** Number of source samples of each output sample. */
  readonly count: Int32Array;
  /** `[output, stride]` fixed-point weights, zero behind the count. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function coefficientsFor(sourceLength: number, targetLength: number): Coefficients {
  const scale = sourceLength / targetLength;
  const filterScale = Math.max(scale, 1);
  const support = kernelRadius * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(targetLength);
  const count = new Int32Array(targetLength);
  const weights = new Int32Array(targetLength * stride);
  const row = new Float64Array(stride);
  for (let target = 0; target < targetLength; target += 1) {
    const centre = (target + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const length = Math.min(Math.trunc(centre + support + 0.5), sourceLength) - start;
    let total = 0;
    for (let index = 0; index < length; index += 1) {
      const weight = bicubic((index + start - centre + 0.5) * (1 / filterScale));
      row[index] = weight;
      total += weight;
    }
    for (let index = 0; index < length; index += 1) {
      const scaled = (total === 0 ? row[index]! : row[index]! / total) * (1 << precisionBits);
      weights[target * stride + index] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[target] = start;
    count[target] = length;
  }
  return { first, count, weights, stride };
}

/** Groups of `atOnce` samples that hold the weights of any output sample. */
function groupsOf({ count }: Coefficients, atOnce: number): number {
  return Math.ceil(count.reduce((most, length) => Math.max(most, length), 0) / atOnce);
}

const lowPart = (weight: number): number => weight & ((1 << lowBits) - 1);
const highPart = (weight: number): number => weight >> lowBits;

/** Writes the weights of an output sample in groups, as the kernels want them: low parts, then high ones. */
function layWeights(
  into: DataView,
  at: number,
  { weights, stride, count }: Coefficients,
  output: number,
  group: { readonly samples: number; readonly groups: number },
): void {
  const { samples, groups } = group;
  for (let index = 0; index < samples * groups; index += 1) {
    const weight = index < count[output]! ? weights[output * stride + index]! : 0;
    const place = at + 2 * (index + Math.floor(index / samples) * samples);
    into.setInt16(place, lowPart(weight), true);
    into.setInt16(place + 2 * samples, highPart(weight), true);
  }
}

/** Source rows that are worked on at once, beside those that the first of them needs: so many stay in the caches. */
const sourceRowsAtOnce = 64;

/** Where everything of one resize lies in the kernels' memory. */
interface Layout {
  readonly size: Size;
  readonly target: Size;
  readonly vertical: Coefficients;
  /** Bytes of the plan of a row, and of the weights of a pixel in it and of an output row. */
  readonly planBytes: number;
  readonly pixelWeightBytes: number;
  readonly rowWeightBytes: number;
  /** From one row of `rows` to the next: what the kernels write behind the end of one is not the next one's. */
  readonly pitch: number;
  /** Output rows that are made at once. */
  readonly outputRows: number;
  /** Addresses. */
  readonly plan: number;
  readonly rowWeights: number;
  readonly source: number;
  readonly rows: number;
  readonly output: number;
  readonly end: number;
}

function layOut(size: Size, target: Size, horizontal: Coefficients, vertical: Coefficients): Layout {
  const pixelGroups = groupsOf(horizontal, pixelsAtOnce);
  const rowGroups = groupsOf(vertical, rowsAtOnce);
  const pixelWeightBytes = pixelGroups * pixelGroupBytes;
  const rowWeightBytes = rowGroups * rowGroupBytes;
  const planBytes = target.width * (4 + pixelWeightBytes);
  const scale = size.height / target.height;
  const outputRows = Math.min(target.height, Math.max(1, Math.floor(sourceRowsAtOnce / scale)));
  const neededRows = Math.min(size.height, Math.ceil(outputRows * scale) + vertical.stride);
  // The kernels read behind the last sample with weights of zero, so there must be something to read.
  const sourceBytes = rowsAtOnce * size.width * 3 + pixelGroups * pixelsAtOnce * 3 + overrun;
  const pitch = target.width * 3 + overrun;
  const rowsBytes = (neededRows + rowGroups * rowsAtOnce) * pitch;
  const plan = 0;
  const rowWeights = plan + planBytes;
  const source = rowWeights + target.height * rowWeightBytes;
  const rows = source + sourceBytes;
  const output = rows + rowsBytes;
  const end = output + outputRows * target.width * 3 + overrun;
  return {
    ...{ size, target, vertical, planBytes, pixelWeightBytes, rowWeightBytes, outputRows, pitch },
    ...{ plan, rowWeights, source, rows, output, end },
  };
}

const pageBytes = 65_536;

/** Resizes in a memory of its own, which is as large as some rows of the largest picture so far. */
class Resampler {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #kernels: ResampleKernels = resampleKernels(this.#memory);
  #bytes = new Uint8Array(this.#memory.buffer);
  /** Of the last resize: the frames of a video have one size. */
  #layout: Layout | null = null;

  resize(rgb: Uint8Array, size: Size, target: Size): Uint8Array {
    const layout = this.#layoutFor(size, target);
    const { vertical, outputRows, pitch, rows, output } = layout;
    const rowBytes = target.width * 3;
    const result = new Uint8Array(rowBytes * target.height);
    // Source rows that lie in `rows`, made as wide as the target.
    let [start, end] = [0, 0];
    for (let y = 0; y < target.height; y += outputRows) {
      const last = Math.min(y + outputRows, target.height) - 1;
      const first = vertical.first[y]!;
      const kept = Math.max(end - first, 0);
      if (kept > 0)
        this.#bytes.copyWithin(rows, rows + (first - start) * pitch, rows + (end - start) * pitch);
      [start, end] = [first, vertical.first[last]! + vertical.count[last]!];
      this.#widen(rgb, layout, start + kept, end, rows + kept * pitch);
      const outputEnd = output + (last + 1 - y) * rowBytes;
      for (let row = y; row <= last; row += 1)
        this.#column(layout, row, start, output + (row - y) * rowBytes);
      result.set(this.#bytes.subarray(output, outputEnd), y * rowBytes);
    }
    return result;
  }

  /** Source rows `start..end` to the target's width, at `to`. */
  #widen(rgb: Uint8Array, layout: Layout, start: number, end: number, to: number): void {
    const { size, target, plan, planBytes, pixelWeightBytes, pitch, source } = layout;
    const sourceBytes = size.width * 3;
    if (size.width === target.width) {
      for (let row = start; row < end; row += 1) {
        this.#bytes.set(rgb.subarray(row * sourceBytes, (row + 1) * sourceBytes), to + (row - start) * pitch);
      }
      return;
    }
    for (let row = start; row < end; row += rowsAtOnce) {
      this.#bytes.set(rgb.subarray(row * sourceBytes, Math.min(row + rowsAtOnce, end) * sourceBytes), source);
      const at = to + (row - start) * pitch;
      // If no row is left beside the last one, that one is done twice.
      const second = row + 1 < end ? 1 : 0;
      this.#kernels.horizontal(
        source,
        source + second * sourceBytes,
        at,
        at + second * pitch,
        plan,
        plan + planBytes,
        pixelWeightBytes,
      );
    }
  }

  /** One output row at `to`, from rows of which the first is source row `start`. */
  #column(layout: Layout, row: number, start: number, to: number): void {
    const { target, vertical, pitch, rows, rowWeights, rowWeightBytes } = layout;
    const weights = rowWeights + row * rowWeightBytes;
    const from = rows + (vertical.first[row]! - start) * pitch;
    this.#kernels.vertical(from, pitch, to, to + target.width * 3, weights, weights + rowWeightBytes);
  }

  #layoutFor(size: Size, target: Size): Layout {
    const known = this.#layout;
    if (known !== null && sameSize(known.size, size) && sameSize(known.target, target)) return known;
    const horizontal = coefficientsFor(size.width, target.width);
    const vertical = coefficientsFor(size.height, target.height);
    const layout = layOut({ ...size }, { ...target }, horizontal, vertical);
    const missing = layout.end - this.#bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / pageBytes));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    const view = new DataView(this.#memory.buffer);
    const { plan, pixelWeightBytes, rowWeights, rowWeightBytes } = layout;
    for (let x = 0; x < target.width; x += 1) {
      const at = plan + x * (4 + pixelWeightBytes);
      view.setInt32(at, horizontal.first[x]! * 3, true);
      const groups = pixelWeightBytes / pixelGroupBytes;
      layWeights(view, at + 4, horizontal, x, { samples: pixelsAtOnce, groups });
    }
    for (let y = 0; y < target.height; y += 1) {
      const groups = rowWeightBytes / rowGroupBytes;
      layWeights(view, rowWeights + y * rowWeightBytes, vertical, y, { samples: rowsAtOnce, groups });
    }
    this.#layout = layout;
    return layout;
  }
}

function sameSize(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

let resampler: Resampler | null = null;

/**
 * Resizes `rgb` (8-bit RGB24, rows without padding, `size.width * size.height * 3` bytes) to `target`.
 * A side that keeps its length is left untouched; with no change at all the input itself comes back.
 */
export function resampleBicubic(rgb: Uint8Array, size: Size, target: Size): Uint8Array {
  if (sameSize(size, target)) return rgb;
  resampler ??= new Resampler();
  return resampler.resize(rgb, size, target);
}
