import type { ModelManifest } from '../../preload/contract/model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { buildDecoder } from './decoder.ts';
import { buildEmbedTokens } from './embed-tokens.ts';
import type { GraphBuilder } from './graph.ts';
import { buildInPlaceDecoder } from './in-place-decoder.ts';
import type { AttentionOperator, ModelLayout } from './choices/layouts.ts';
import { precisionOf } from './choices/precision.ts';
import type { BlockSize, WeightType } from './choices/precision.ts';
import { buildTransformersDecoder } from './transformers-decoder.ts';
import { transformersFile } from './transformers-layout.ts';
import { buildTransformersVisionEncoder } from './transformers-vision-encoder.ts';
import { buildVisionEncoder } from './vision-encoder.ts';
import { defaultLimits, ExternalData } from './weights.ts';
import type { Limits, Piece } from './weights.ts';

export interface PlanOptions {
  dtype: WeightType;
  /** Values that share a scale in int4; 32 by default. 128 is smaller and less exact. */
  blockSize?: BlockSize;
  layout?: ModelLayout;
  /** How the decoder of the transformers layout attends; `concat` by default. */
  attention?: AttentionOperator;
  /** Other limits than usual, for tests. */
  limits?: Partial<Limits>;
}

type GraphRole = keyof ModelManifest['graphs'];
interface PlannedGraph {
  path: string;
  graph: GraphBuilder;
  data: ExternalData;
}

/** All that an import writes, decided before anything is written. */
export interface Plan {
  graphs: Record<Exclude<GraphRole, 'decoderInPlace'>, PlannedGraph> & { decoderInPlace?: PlannedGraph };
  /** The external files of all graphs. */
  files: { name: string; bytes: number }[];
  pieces: Piece[];
  bytes: number;
}

export function planGraphs(checkpoint: Checkpoint, options: PlanOptions): Plan {
  const planned =
    options.layout === 'transformers'
      ? planTransformers(checkpoint, options)
      : planWorkstation(checkpoint, options);
  // Both decoders have their weights in the same files.
  const data = [...new Set(Object.values(planned).map((graph) => graph.data))];
  return {
    graphs: planned,
    files: data.flatMap(({ files }) => files),
    pieces: data.flatMap(({ pieces }) => pieces),
    bytes: data.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function planWorkstation({ configuration, tensors }: Checkpoint, options: PlanOptions): Plan['graphs'] {
  const precision = precisionOf(options.dtype, options.blockSize ?? 32);
  const [visionPath, embedPath, decoderPath] = ['vision_encoder', 'embed_tokens', 'decoder'].map(
    (name) => `${name}.onnx`,
  ) as [string, string, string];
  const visionData = dataBeside(visionPath, options);
  const embedData = dataBeside(embedPath, options);
  const decoderData = dataBeside(decoderPath, options);
  const { hidden } = configuration.text;
  const embeddings = embedData.matrix([tensors.text('embed_tokens.weight')], hidden, precision.vocabulary);
  // Tied embeddings are stored once: the decoder's output matrix names the embeddings' file.
  const head = configuration.tied
    ? embeddings
    : decoderData.matrix([tensors.head], hidden, precision.vocabulary);
  return {
    visionEncoder: {
      path: `onnx/${visionPath}`,
      graph: buildVisionEncoder(configuration, tensors, visionData, precision.vision),
      data: visionData,
    },
    embedTokens: {
      path: `onnx/${embedPath}`,
      graph: buildEmbedTokens(configuration, embeddings),
      data: embedData,
    },
    decoder: {
      path: `onnx/${decoderPath}`,
      graph: buildDecoder(configuration, tensors, decoderData, head, precision.layers),
      data: decoderData,
    },
    decoderInPlace: {
      path: 'onnx/decoder_in_place.onnx',
      graph: buildInPlaceDecoder(configuration, tensors, decoderData, head, precision.layers),
      data: decoderData,
    },
  };
}

/** Every graph has its own weights, as others load them: tied embeddings are stored twice. */
function planTransformers({ configuration, tensors }: Checkpoint, options: PlanOptions): Plan['graphs'] {
  const { dtype, blockSize = 32, attention = 'concat' } = options;
  const precision = precisionOf(dtype, blockSize);
  const [visionPath, embedPath, decoderPath] = [
    transformersFile('vision_encoder', dtype),
    transformersFile('embed_tokens', dtype),
    transformersFile('decoder_model_merged', dtype),
  ];
  const visionData = dataBeside(visionPath, options);
  const embedData = dataBeside(embedPath, options);
  const decoderData = dataBeside(decoderPath, options);
  const { hidden } = configuration.text;
  const embeddings = embedData.matrix([tensors.text('embed_tokens.weight')], hidden, precision.vocabulary);
  const head = decoderData.matrix([tensors.head], hidden, precision.vocabulary);
  return {
    visionEncoder: {
      path: `onnx/${visionPath}`,
      graph: buildTransformersVisionEncoder(configuration, tensors, visionData, precision.vision),
      data: visionData,
    },
    embedTokens: {
      path: `onnx/${embedPath}`,
      graph: buildEmbedTokens(configuration, embeddings, 'batch_size'),
      data: embedData,
    },
    decoder: {
      path: `onnx/${decoderPath}`,
      graph: buildTransformersDecoder(configuration, tensors, decoderData, head, precision.layers, attention),
      data: decoderData,
    },
  };
}

/** Both layouts name a graph's external data after its file. */
function dataBeside(graphFile: string, { limits }: PlanOptions): ExternalData {
  return new ExternalData(`${graphFile}_data`, { ...defaultLimits, ...limits });
}
