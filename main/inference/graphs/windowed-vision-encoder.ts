import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import type { PreparedImage } from '../image/image-processor.ts';
import type { VisionGraph } from './model-graphs.ts';
import { intoWindows, outOfWindows, windowLayout } from './window-layout.ts';

/**
 * `vision_encoder` of format version 1, which takes its patches window by window: rows are permuted before the
 * graph and features after it, so that the graph needs no gather.
 */
export class WindowedVisionEncoder implements VisionGraph {
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;

  constructor(session: InferenceSession, parameters: ModelParameters) {
    this.#session = session;
    this.#parameters = parameters;
  }

  async encode(image: PreparedImage): Promise<Float32Array> {
    const { vision, hiddenSize } = this.#parameters;
    const layout = windowLayout({
      gridHeight: image.grid[1],
      gridWidth: image.grid[2],
      mergeSize: vision.mergeSize,
      windowUnits: vision.windowUnits,
      headDimension: vision.headSize,
    });
    const rows = layout.windows * layout.windowRows;
    const patchLength = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
    const outputs = await this.#session.run({
      pixel_values: new Tensor('float32', intoWindows(image.pixelValues, layout, patchLength), [
        rows,
        patchLength,
      ]),
      rotary_cos: new Tensor('float32', layout.rotaryCos, [rows, vision.headSize]),
      rotary_sin: new Tensor('float32', layout.rotarySin, [rows, vision.headSize]),
      key_bias: new Tensor('float32', layout.keyBias, [layout.windows, layout.windowRows]),
    });
    return outOfWindows(outputs['image_features']!.data as Float32Array, layout, hiddenSize);
  }
}
