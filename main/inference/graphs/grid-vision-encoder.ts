import { Tensor, type InferenceSession } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import { floatsOf, floatTensor, floatTypeOf, type FloatType } from '../onnx/float-tensors.ts';
import type { PreparedImage } from '../image/image-processor.ts';
import type { VisionGraph } from './model-graphs.ts';

/** Names that the grid of patches goes by: the first is Qwen2.5-VL's, the second Qwen2-VL's. */
export const gridInputs = ['image_grid_thw', 'grid_thw'] as const;

/**
 * `vision_encoder` of the transformers.js layout: patches in merge-block order, and their grid, from which the graph
 * works out windows and positions.
 */
export class GridVisionEncoder implements VisionGraph {
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  readonly #pixelType: FloatType;
  readonly #grid: string;

  constructor(session: InferenceSession, parameters: ModelParameters) {
    this.#session = session;
    this.#parameters = parameters;
    this.#pixelType = floatTypeOf(session.inputMetadata, 'pixel_values');
    this.#grid = gridInputs.find((name) => session.inputNames.includes(name)) ?? gridInputs[0];
  }

  async encode({ grid, pixelValues }: PreparedImage): Promise<Float32Array> {
    const { vision } = this.#parameters;
    const patchLength = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
    const outputs = await this.#session.run({
      pixel_values: floatTensor(this.#pixelType, pixelValues, [
        pixelValues.length / patchLength,
        patchLength,
      ]),
      [this.#grid]: new Tensor('int64', BigInt64Array.from(grid, BigInt), [1, 3]),
    });
    return floatsOf(outputs['image_features']!);
  }
}
