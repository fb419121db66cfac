import { readFile } from 'node:fs/promises';
import type { AnswerEvidence } from '../../../preload/contract/domain.ts';
import { isTooFar } from '../../../preload/contract/doubts.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { ModelManifest, ModelPictures } from '../../../preload/contract/model.ts';
import { importHint, pathInModel } from './model-files.ts';

/** Where a model keeps what its picture gate needs; see {@link ModelPictures}. */
export const picturesFile = 'pictures.f32';

/** Most numbers that a picture is pooled to: the square of it is what a model's folder grows by. */
export const mostDimensions = 384;

/**
 * Pools a picture's features to `dimensions` numbers: the mean and the deviation of each feature over all units. Of a
 * model with more features than that, they are folded: each is added to one of the numbers with a sign, both by a hash of its
 * place, which keeps distances roughly as they are (Weinberger et al., "Feature Hashing", ICML 2009).
 *
 * @param features `[units, hidden]`
 */
export function pooled(features: Float32Array, hidden: number, dimensions: number): Float64Array {
  const units = features.length / hidden;
  if (!Number.isInteger(units) || units < 1) {
    throw new RangeError(`features of ${features.length} numbers are not units of ${hidden}`);
  }
  const both = new Float64Array(2 * hidden);
  for (let feature = 0; feature < hidden; feature += 1) {
    let sum = 0;
    for (let at = feature; at < features.length; at += hidden) sum += features[at]!;
    const mean = sum / units;
    let squares = 0;
    for (let at = feature; at < features.length; at += hidden) squares += (features[at]! - mean) ** 2;
    both[feature] = mean;
    both[hidden + feature] = Math.sqrt(squares / units);
  }
  if (both.length === dimensions) return both;
  const folded = new Float64Array(dimensions);
  both.forEach((value, at) => {
    const hash = (Math.imul(at + 1, 0x9e3779b1) ^ (Math.imul(at + 1, 0x85ebca6b) >>> 13)) >>> 0;
    folded[hash % dimensions]! += hash & 0x8000 ? value : -value;
  });
  return folded;
}

/** The dimensions that a model's pictures are pooled to. */
export const dimensionsOf = (hidden: number): number => Math.min(2 * hidden, mostDimensions);

/** The numbers of a picture gate: `mean` and `scale` [dimensions], and the rows of a lower triangle that whitens. */
export interface GateNumbers {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  /** Row after row, of 1, 2, 3 ... numbers. */
  readonly whitening: Float32Array;
}

/** Root of the mean square of what is left of a picture when the spread of the known ones is taken out: about 1 for those. */
export function distanceFrom({ mean, scale, whitening }: GateNumbers, picture: Float64Array): number {
  const size = mean.length;
  const scaled = picture.map((value, at) => (value - mean[at]!) / scale[at]!);
  let squares = 0;
  let at = 0;
  for (let row = 0; row < size; row += 1) {
    let sum = 0;
    for (let column = 0; column <= row; column += 1) sum += whitening[at++]! * scaled[column]!;
    squares += sum * sum;
  }
  return Math.sqrt(squares / size);
}

export const gateBytes = (dimensions: number): number =>
  4 * (2 * dimensions + (dimensions * (dimensions + 1)) / 2);

/** Tells whether a picture is unlike those that a model was taught with. */
export class PictureGate {
  readonly threshold: number;
  readonly #numbers: GateNumbers;
  readonly #hidden: number;

  constructor(numbers: GateNumbers, hidden: number, threshold: number) {
    this.#numbers = numbers;
    this.#hidden = hidden;
    this.threshold = threshold;
  }

  /**
   * The gate of an opened model; null where it has none for its weights.
   * @throws WorkstationError `model-altered-file` for a file of another size than the manifest says.
   */
  static async open(directory: string, manifest: ModelManifest): Promise<PictureGate | null> {
    const pictures = picturesOf(manifest);
    if (pictures === null) return null;
    const { hiddenSize } = manifest.parameters;
    const bytes = await readFile(pathInModel(directory, pictures.file));
    if (pictures.dimensions !== dimensionsOf(hiddenSize) || bytes.length !== gateBytes(pictures.dimensions)) {
      throw new WorkstationError(
        'model-altered-file',
        `${pictures.file} is not for this model: ${bytes.length} bytes and ${pictures.dimensions} dimensions; expected ` +
          `${gateBytes(dimensionsOf(hiddenSize))} and ${dimensionsOf(hiddenSize)}.`,
        importHint,
      );
    }
    return new PictureGate(readNumbers(bytes, pictures.dimensions), hiddenSize, pictures.threshold);
  }

  /** @param features `[units, hidden]` of one picture. */
  distance(features: Float32Array): number {
    const picture = pooled(features, this.#hidden, this.#numbers.mean.length);
    return distanceFrom(this.#numbers, picture);
  }
}

/** A model's statement about pictures, where it is of the weights that answer. */
export function picturesOf({ pictures, source }: ModelManifest): ModelPictures | null {
  const own = pictures?.weightsSha256 === source.sha256 && source.adapter === undefined;
  return own ? (pictures ?? null) : null;
}

export function readNumbers(bytes: Buffer, dimensions: number): GateNumbers {
  const floats = new Float32Array(bytes.length / 4);
  floats.forEach((_, at) => {
    floats[at] = bytes.readFloatLE(4 * at);
  });
  return {
    mean: floats.subarray(0, dimensions),
    scale: floats.subarray(dimensions, 2 * dimensions),
    whitening: floats.subarray(2 * dimensions),
  };
}

export function writeNumbers({ mean, scale, whitening }: GateNumbers): Buffer {
  const floats = [...mean, ...scale, ...whitening];
  const bytes = Buffer.alloc(4 * floats.length);
  floats.forEach((value, at) => bytes.writeFloatLE(value, 4 * at));
  return bytes;
}

/** The picture is further from the model's training pictures than its threshold, and nobody wants an answer then. */
export class UnlikePicture extends Error {}

/** @throws UnlikePicture */
export function mustBeLike(picture: AnswerEvidence['picture'] | null): void {
  if (picture && isTooFar(picture)) throw new UnlikePicture();
}
