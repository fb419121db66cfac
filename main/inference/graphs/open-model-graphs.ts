import type { Device } from '../devices/devices.ts';
import { DeltaDecoder } from './delta-decoder.ts';
import { openGraphs } from './graph-sessions.ts';
import type { DecoderInput, ModelGraphs } from './model-graphs.ts';
import { InPlaceDecoder } from './in-place-decoder.ts';
import { openInPlaceSupport } from './in-place-attention.ts';
import type { Feeds } from './key-value-cache.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import { defaultSetting, type ThreadSetting } from '../devices/thread-setting.ts';
import { RowInputs } from './row-inputs.ts';
import { SessionEmbedder } from './token-embedder.ts';
import { openTransformersGraphs } from './transformers-graphs.ts';
import { WindowedVisionEncoder } from './windowed-vision-encoder.ts';

export interface OpenModelGraphsOptions {
  readonly device: Device;
  /** As `defaultSetting` says by default. */
  readonly threads?: ThreadSetting;
  /** The part that is open, 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Opens the graphs of a verified model.
 * @throws WorkstationError `model-mismatch` where a graph is not what its manifest says, `model-unsupported`,
 *   `out-of-memory`.
 */
export async function openModelGraphs(
  model: ModelDirectory,
  options: OpenModelGraphsOptions,
): Promise<ModelGraphs> {
  const { device, onProgress } = options;
  const { parameters, layout } = model.manifest;
  const threads = options.threads ?? defaultSetting();
  if (layout === 'transformers') {
    return openTransformersGraphs(model, { device, threads, ...(onProgress && { onProgress }) });
  }
  const keepsInPlace = device === 'webgpu' && model.manifest.graphs.decoderInPlace !== undefined;
  const { support, note } = keepsInPlace
    ? await openInPlaceSupport(parameters)
    : { support: null, note: null };
  try {
    const { visionEncoder, embedTokens, decoder } = await openGraphs(model, {
      device,
      threads,
      inPlace: support !== null,
      onProgress: (_graph, done, total) => onProgress?.(done / total),
    });
    const rows = new RowInputs(parameters);
    const inputs = (input: DecoderInput, length: number): Feeds => rows.feeds(input, length);
    const inPlace =
      support === null
        ? null
        : new InPlaceDecoder(decoder, { freeAttention: true, shape: parameters, inputs }, support);
    return {
      vision: new WindowedVisionEncoder(visionEncoder, parameters),
      embedder: new SessionEmbedder(embedTokens),
      decoder: inPlace ?? new DeltaDecoder(decoder, parameters, device),
      ...(note !== null && { deviceNote: note }),
      dispose: async () => {
        await inPlace?.dispose();
        for (const session of [visionEncoder, embedTokens, decoder]) await session.release();
      },
    };
  } catch (error) {
    await support?.buffers.release();
    throw error;
  }
}
