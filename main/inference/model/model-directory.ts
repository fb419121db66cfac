import type { ModelManifest } from '../../../preload/contract/model.ts';
import type { ImageProcessorConfig } from '../image/image-processor.ts';
import type { HashOptions } from './model-files.ts';
import type { GraphsWish } from './transformers-variants.ts';

/** A model directory whose files are what its manifest says. */
export interface ModelDirectory {
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** See {@link modelSha256}. */
  readonly sha256: string;
  readonly processor: ImageProcessorConfig;
  /** From the model's generation_config.json; 1 where it has none. */
  readonly repetitionPenalty: number;
  /** Bytes of the graphs and their weights, about what the sessions will hold. */
  readonly graphBytes: number;
  /** Of a folder that is used in place: which of its graphs were chosen, and why, in words for a person. */
  readonly graphsReason?: string;
}

export interface OpenModelOptions extends HashOptions, GraphsWish {}
