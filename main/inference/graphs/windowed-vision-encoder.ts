import { Tensor, type InferenceSession } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import type { PreparedImage } from '../image/image-processor.ts';
import type { VisionGraph } from './model-graphs.ts';
import { outOfWindows, windowLayout, type WindowLayout } from './window-layout.ts';

/** What the frames of a video share, which have one size: where patches go, and room for them. */
interface Workplace {
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly layout: WindowLayout;
  /** `[windows * windowRows, patchLength]`; padding rows stay zero. */
  readonly values: Float32Array;
}

/** Larger buffers are not kept between two frames. */
const mostKeptBytes = 2 ** 24;

/**
 * `vision_encoder` of format version 1, which takes its patches window by window: they are written in that order, and
 * features put back after the graph, so that the graph works no windows out.
 */
export class WindowedVisionEncoder implements VisionGraph {
  readonly #session: InferenceSession;
  readonly #parameters: ModelParameters;
  #kept: Workplace | null = null;

  constructor(session: InferenceSession, parameters: ModelParameters) {
    this.#session = session;
    this.#parameters = parameters;
  }

  async encode(image: PreparedImage): Promise<Float32Array> {
    const { vision, hiddenSize } = this.#parameters;
    const workplace = this.#takeWorkplace(image);
    const { layout, values } = workplace;
    layout.unitAt.forEach((unit, place) => {
      if (unit >= 0) image.writeUnit(unit, values, place * image.unitLength);
    });
    const rows = layout.windows * layout.windowRows;
    const outputs = await this.#session.run({
      pixel_values: new Tensor('float32', values, [rows, values.length / rows]),
      rotary_cos: new Tensor('float32', layout.rotaryCos, [rows, vision.headSize]),
      rotary_sin: new Tensor('float32', layout.rotarySin, [rows, vision.headSize]),
      key_bias: new Tensor('float32', layout.keyBias, [layout.windows, layout.windowRows]),
    });
    if (values.byteLength <= mostKeptBytes) this.#kept = workplace;
    return outOfWindows(outputs['image_features']!.data as Float32Array, layout, hiddenSize);
  }

  /** The kept one where it fits; a run of another image, which may begin meanwhile, does not get it. */
  #takeWorkplace({ grid: [, gridHeight, gridWidth] }: PreparedImage): Workplace {
    const kept = this.#kept;
    this.#kept = null;
    if (kept?.gridHeight === gridHeight && kept.gridWidth === gridWidth) return kept;
    const { vision } = this.#parameters;
    const layout = windowLayout({
      gridHeight,
      gridWidth,
      mergeSize: vision.mergeSize,
      windowUnits: vision.windowUnits,
      headDimension: vision.headSize,
    });
    const patchLength = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
    const values = new Float32Array(layout.windows * layout.windowRows * patchLength);
    return { gridHeight, gridWidth, layout, values };
  }
}
