import { WorkstationError } from '../../../preload/contract/errors.ts';

/** Patches of one image along time, height and width, before merging. */
export type ImageGrid = readonly [number, number, number];

/** Positions of a prompt on the three axes of the multimodal rotary embedding. */
export interface PromptPositions {
  /** `[3, sequence]` row after row: time, height, width. */
  readonly positions: Int32Array;
  readonly sequence: number;
  /** Next position less the number of tokens so far: a decoded token stands at `past + delta` on all axes. */
  readonly delta: number;
}

/**
 * Positions for text and still images, as `get_rope_index` of Qwen2.5-VL: text counts up on all three axes; an
 * image at p stands at t = p, h = p + row, w = p + column; the text after it goes on from the largest + 1.
 *
 * Example: two text tokens, an image of 2 by 3 merged units, one text token give
 * t = 0 1 2 2 2 2 2 2 5, h = 0 1 2 2 2 3 3 3 5, w = 0 1 2 3 4 2 3 4 5, delta = 6 - 9 = -3.
 *
 * @throws WorkstationError `model-mismatch` when the image tokens and the grids don't agree.
 */
export function promptPositions(
  ids: ArrayLike<number>,
  imageToken: number,
  grids: readonly ImageGrid[],
  mergeSize: number,
): PromptPositions {
  const sequence = ids.length;
  const positions = new Int32Array(3 * sequence);
  let next = 0;
  let image = 0;
  let at = 0;
  while (at < sequence) {
    if (ids[at] !== imageToken) {
      positions[at] = next;
      positions[sequence + at] = next;
      positions[2 * sequence + at] = next;
      next += 1;
      at += 1;
      continue;
    }
    const grid = grids[image];
    if (grid === undefined) throw tokensDoNotFit(`image token at ${at}, but only ${grids.length} images`);
    const rows = grid[1] / mergeSize;
    const columns = grid[2] / mergeSize;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        if (ids[at] !== imageToken) {
          throw tokensDoNotFit(`image ${image} needs ${rows * columns} image tokens, but the run ends early`);
        }
        positions[at] = next;
        positions[sequence + at] = next + row;
        positions[2 * sequence + at] = next + column;
        at += 1;
      }
    }
    next += Math.max(grid[0], rows, columns);
    image += 1;
  }
  if (image !== grids.length) throw tokensDoNotFit(`${grids.length} images, but tokens for ${image}`);
  return { positions, sequence, delta: next - sequence };
}

function tokensDoNotFit(detail: string): WorkstationError {
  return new WorkstationError(
    'model-mismatch',
    `The prompt's image tokens don't fit its images: ${detail}.`,
    'Check that the chat template and image_token_id belong to this model.',
  );
}

/** Positions of a prompt with those of `count` text tokens behind it. */
export function positionsWithText(prompt: PromptPositions, count: number): PromptPositions {
  const { sequence, delta } = prompt;
  const positions = new Int32Array(3 * (sequence + count));
  for (let axis = 0; axis < 3; axis += 1) {
    const at = axis * (sequence + count);
    positions.set(prompt.positions.subarray(axis * sequence, (axis + 1) * sequence), at);
    for (let index = sequence; index < sequence + count; index += 1) positions[at + index] = index + delta;
  }
  return { positions, sequence: sequence + count, delta };
}

/** Positions `[3, end - start]` of the prompt's tokens `start..end`. */
export function positionsBetween(prompt: PromptPositions, start: number, end: number): Int32Array {
  const found = new Int32Array(3 * (end - start));
  for (let axis = 0; axis < 3; axis += 1) {
    const at = axis * prompt.sequence;
    found.set(prompt.positions.subarray(at + start, at + end), axis * (end - start));
  }
  return found;
}

/** Positions `[3, n]` of text tokens, which stand at one position on all axes. */
export function onAllAxes(positions: readonly number[]): Int32Array {
  return Int32Array.from([...positions, ...positions, ...positions]);
}

/** 1 / base^(2i / dimension) for i < dimension / 2, rounded to float32 as the reference does. */
export function rotaryInverseFrequencies(dimension: number, base: number): Float32Array {
  const frequencies = new Float32Array(dimension / 2);
  for (let index = 0; index < frequencies.length; index += 1) {
    frequencies[index] = 1 / Math.fround(base ** Math.fround((2 * index) / dimension));
  }
  return frequencies;
}

/** cos and sin for a run of tokens, `[sequence, headDimension]`, halves duplicated. */
export interface RotaryTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Fills cos and sin for text tokens; the M-RoPE section of a frequency picks the axis it turns with. */
export class TextRotary {
  readonly headDimension: number;
  readonly #frequencies: Float32Array;
  /** Axis (0 time, 1 height, 2 width) of each frequency. */
  readonly #axis: Uint8Array;

  /** @param sections Frequencies per axis, `mrope_section` of the config; they sum to headDimension / 2. */
  constructor(headDimension: number, base: number, sections: readonly [number, number, number]) {
    this.headDimension = headDimension;
    this.#frequencies = rotaryInverseFrequencies(headDimension, base);
    this.#axis = new Uint8Array(headDimension / 2);
    this.#axis.fill(1, sections[0]);
    this.#axis.fill(2, sections[0] + sections[1]);
  }

  /** Tables for tokens `start..end` of `positions`, which is `[3, sequence]`. */
  tables(positions: Int32Array, sequence: number, start: number, end: number): RotaryTables {
    const { headDimension } = this;
    const half = headDimension / 2;
    const cos = new Float32Array((end - start) * headDimension);
    const sin = new Float32Array((end - start) * headDimension);
    for (let token = start; token < end; token += 1) {
      const row = (token - start) * headDimension;
      for (let index = 0; index < half; index += 1) {
        const position = positions[this.#axis[index]! * sequence + token]!;
        const angle = Math.fround(position * this.#frequencies[index]!);
        cos[row + index] = cos[row + half + index] = Math.cos(angle);
        sin[row + index] = sin[row + half + index] = Math.sin(angle);
      }
    }
    return { cos, sin };
  }

  /** Tables of one decoded token that stands at the same position on all axes. */
  single(position: number): RotaryTables {
    return this.tables(Int32Array.of(position, position, position), 1, 0, 1);
  }
}
