import { InferenceSession } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import type { Device } from '../devices/devices.ts';
import type { FloatType } from '../onnx/float-tensors.ts';
import {
  checkGraph,
  openingError,
  sessionOptions,
  type ExpectedGraph,
  type ExpectedValue,
  type GraphMetadata,
} from './graph-sessions.ts';
import { GridVisionEncoder, gridInputs } from './grid-vision-encoder.ts';
import { openInPlaceSupport } from './in-place-attention.ts';
import { InPlaceDecoder } from './in-place-decoder.ts';
import { attendsInPlace } from './in-place-graphs.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import { pathInModel } from '../model/model-files.ts';
import type { DecoderGraph, ModelGraphs } from './model-graphs.ts';
import { editForNewRows, NotEditable } from './new-rows-graph.ts';
import { readValueInfo, type DeclaredValue } from '../onnx/onnx-nodes.ts';
import { graphProto, modelOf, readSkeleton, type OnnxSkeleton } from '../onnx/onnx-skeleton.ts';
import { readFields } from '../onnx/onnx-wire.ts';
import type { ThreadSetting } from '../devices/thread-setting.ts';
import { SessionEmbedder } from './token-embedder.ts';
import { TransformersDecoder, transformersInputs } from './transformers-decoder.ts';

export interface OpenTransformersOptions {
  readonly device: Device;
  readonly threads: ThreadSetting;
  /** False runs the decoder as it is, for comparison. */
  readonly newRows?: boolean;
  /** The part that is open, 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

const names = ['embedTokens', 'visionEncoder', 'decoder'] as const;
type GraphName = (typeof names)[number];

/** Of a decoder whose keys and values cannot be kept in a GPU's memory, and would be empty at first. */
const staysOnCpu = 'The decoder of this folder stays on the CPU: WebGPU cannot keep its keys and values.';

/** Names, element types and sizes of the graphs of the transformers.js layout, as far as a model's numbers say. */
export function expectedTransformersGraphs(
  { hiddenSize, headSize, keyValueHeads, layers, vocabularySize, vision }: ModelParameters,
  declared: Readonly<Record<GraphName, GraphMetadata>>,
): Record<GraphName, ExpectedGraph> {
  const float = 'float32 or float16';
  const patchLength = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
  const takes = (graph: GraphName, name: string): boolean =>
    declared[graph].inputMetadata.some((input) => input.name === name);
  const grid = gridInputs.find((name) => takes('visionEncoder', name)) ?? gridInputs[0];
  const kept = (prefix: string): ExpectedValue[] =>
    Array.from({ length: 2 * layers }, (_, index) => [
      `${prefix}.${Math.floor(index / 2)}.${index % 2 === 0 ? 'key' : 'value'}`,
      float,
      [null, keyValueHeads, null, headSize],
    ]);
  return {
    embedTokens: {
      inputs: [['input_ids', 'int64', [null, null]]],
      outputs: [['inputs_embeds', float, [null, null, hiddenSize]]],
    },
    visionEncoder: {
      inputs: [
        ['pixel_values', float, [null, patchLength]],
        [grid, 'int64', [null, 3]],
      ],
      outputs: [['image_features', float, [null, hiddenSize]]],
    },
    decoder: {
      inputs: [
        ['inputs_embeds', float, [null, null, hiddenSize]],
        ['attention_mask', 'int64', [null, null]],
        ['position_ids', 'int64', [3, null, null]],
        ...(takes('decoder', 'num_logits_to_keep')
          ? [['num_logits_to_keep', 'int64', []] satisfies ExpectedValue]
          : []),
        ...kept('past_key_values'),
      ],
      outputs: [['logits', float, [null, null, vocabularySize]], ...kept('present')],
    },
  };
}

/**
 * Opens the graphs of a folder in the transformers.js layout. They are read without their weights, checked against
 * the model's numbers, and then opened from memory with the weights where they lie, so that the decoder can be changed
 * on the way (see `editForNewRows`) and the folder is left as it is.
 *
 * @throws WorkstationError `model-mismatch` naming graph, value, expected and found; `model-missing-file` and
 *   `model-altered-file` as `readSkeleton`; `model-unsupported`, `out-of-memory`
 */
export async function openTransformersGraphs(
  model: ModelDirectory,
  options: OpenTransformersOptions,
): Promise<ModelGraphs> {
  const { graphs, parameters } = model.manifest;
  const skeletons = {
    embedTokens: await readSkeleton(pathInModel(model.directory, graphs.embedTokens)),
    visionEncoder: await readSkeleton(pathInModel(model.directory, graphs.visionEncoder)),
    decoder: await readSkeleton(pathInModel(model.directory, graphs.decoder)),
  };
  const declared = {
    embedTokens: metadataOf(skeletons.embedTokens),
    visionEncoder: metadataOf(skeletons.visionEncoder),
    decoder: metadataOf(skeletons.decoder),
  };
  const expected = expectedTransformersGraphs(parameters, declared);
  for (const name of names) {
    checkGraph(graphs[name], declared[name], expected[name], {
      fits: 'config.json',
      hint: 'Use graphs and config.json of one and the same model: download or export the folder again.',
    });
  }
  const { decoder, newRows } =
    options.newRows === false ? asIs(skeletons.decoder) : changed(skeletons.decoder, parameters);
  const cached = declared.decoder.inputMetadata.find(({ name }) => name === 'past_key_values.0.key');
  const cacheType: FloatType = cached?.isTensor && cached.type === 'float16' ? 'float16' : 'float32';
  const onGpu = options.device === 'webgpu';
  const { support, note: found } =
    onGpu && cacheType === 'float32' && attendsInPlace(skeletons.decoder, parameters.layers)
      ? await openInPlaceSupport(parameters)
      : { support: null, note: null };
  const note = onGpu && support === null ? staysOnCpu : found;
  const opened: InferenceSession[] = [];
  const open = async (skeleton: OnnxSkeleton, device: Device): Promise<InferenceSession> => {
    options.onProgress?.(opened.length / names.length);
    const session = await InferenceSession.create(
      modelOf(skeleton),
      sessionOptions(device, options.threads, skeleton.folder),
    );
    opened.push(session);
    return session;
  };
  let inPlace: InPlaceDecoder | null = null;
  const dispose = async (): Promise<void> => {
    await (inPlace === null ? support?.buffers.release() : inPlace.dispose());
    for (const session of opened) await session.release();
  };
  const openDecoder = async (): Promise<DecoderGraph> => {
    if (support !== null) {
      const session = await open(skeletons.decoder, options.device);
      const inputs = transformersInputs(session, parameters);
      return (inPlace = new InPlaceDecoder(
        session,
        { freeAttention: false, shape: parameters, inputs },
        support,
      ));
    }
    // The WebGPU provider ends the process on an input without rows, which an empty past is.
    const session = await open(decoder, onGpu ? 'cpu' : options.device);
    return new TransformersDecoder(session, parameters, { newRows, cacheType });
  };
  try {
    return {
      embedder: new SessionEmbedder(await open(skeletons.embedTokens, 'cpu')),
      vision: new GridVisionEncoder(await open(skeletons.visionEncoder, options.device), parameters),
      decoder: await openDecoder(),
      ...(note !== null && { deviceNote: note }),
      dispose,
    };
  } catch (cause) {
    await dispose();
    throw openingError(cause, options.device);
  }
}

interface DecoderToOpen {
  readonly decoder: OnnxSkeleton;
  readonly newRows: boolean;
}

const asIs = (decoder: OnnxSkeleton): DecoderToOpen => ({ decoder, newRows: false });

function changed(decoder: OnnxSkeleton, parameters: ModelParameters): DecoderToOpen {
  try {
    return { decoder: { ...decoder, graph: editForNewRows(decoder, parameters) }, newRows: true };
  } catch (error) {
    if (error instanceof NotEditable) return asIs(decoder);
    throw error;
  }
}

/** onnxruntime's names of the element types that these graphs may have. */
const elementTypes: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

/** What a session of the graph would declare. */
function metadataOf({ graph }: OnnxSkeleton): GraphMetadata {
  const fields = readFields(graph);
  const values = (number: number): InferenceSession.ValueMetadata[] =>
    fields.filter((field) => field.number === number).map(({ bytes }) => metadata(readValueInfo(bytes)));
  return { inputMetadata: values(graphProto.input), outputMetadata: values(graphProto.output) };
}

function metadata({ name, elementType, shape }: DeclaredValue): InferenceSession.ValueMetadata {
  if (elementType === 0) return { name, isTensor: false };
  const type = (elementTypes[elementType] ?? `element type ${elementType}`) as 'float32';
  return { name, isTensor: true, type, shape: [...shape] };
}
