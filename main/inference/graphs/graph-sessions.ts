import { InferenceSession } from '../onnx-runtime.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import { deviceNames, executionProviders, type Device } from '../devices/devices.ts';
import type { ModelDirectory } from '../model/model-directory.ts';
import { outOfMemoryHint } from '../model/memory-estimate.ts';
import { pathInModel } from '../model/model-files.ts';
import { spinMicroseconds, type ThreadSetting } from '../devices/thread-setting.ts';

export interface GraphSessions {
  readonly visionEncoder: InferenceSession;
  readonly embedTokens: InferenceSession;
  readonly decoder: InferenceSession;
}

type GraphName = keyof GraphSessions;
type GraphKind = GraphName | 'decoderInPlace';
type ElementType = 'float32' | 'int64' | 'float32 or float16';
/** Null for a size that changes from run to run. */
export type ExpectedValue = readonly [name: string, type: ElementType, shape: readonly (number | null)[]];
export interface ExpectedGraph {
  readonly inputs: readonly ExpectedValue[];
  readonly outputs: readonly ExpectedValue[];
}

/** Names, element types and sizes of the graphs of format version 1. */
export function expectedGraphs(parameters: ModelParameters): Record<GraphKind, ExpectedGraph> {
  const { hiddenSize, headSize, keyValueHeads, layers, vocabularySize, vision } = parameters;
  const patchLength = vision.channels * vision.temporalPatchSize * vision.patchSize ** 2;
  const past: ExpectedValue[] = [];
  const fresh: ExpectedValue[] = [];
  const kept = (name: string): ExpectedValue[] =>
    Array.from({ length: 2 * layers }, (_, index) => [
      `${name}.${Math.floor(index / 2)}.${index % 2 === 0 ? 'key' : 'value'}`,
      'float32',
      [1, keyValueHeads, null, headSize],
    ]);
  for (let layer = 0; layer < layers; layer += 1) {
    for (let head = 0; head < keyValueHeads; head += 1) {
      past.push([`past_key.${layer}.${head}`, 'float32', [null, headSize]]);
      past.push([`past_value.${layer}.${head}`, 'float32', [null, headSize]]);
    }
    fresh.push([`new_key.${layer}`, 'float32', [keyValueHeads, null, headSize]]);
    fresh.push([`new_value.${layer}`, 'float32', [keyValueHeads, null, headSize]]);
  }
  const rows: ExpectedValue[] = [
    ['inputs_embeds', 'float32', [null, null, hiddenSize]],
    ['rotary_cos', 'float32', [null, headSize]],
    ['rotary_sin', 'float32', [null, headSize]],
    ['attention_bias', 'float32', [null, null]],
    ['num_logits_to_keep', 'int64', []],
  ];
  const logits: ExpectedValue = ['logits', 'float32', [null, null, vocabularySize]];
  return {
    visionEncoder: {
      inputs: [
        ['pixel_values', 'float32', [null, patchLength]],
        ['rotary_cos', 'float32', [null, vision.headSize]],
        ['rotary_sin', 'float32', [null, vision.headSize]],
        ['key_bias', 'float32', [null, vision.windowRows]],
      ],
      outputs: [['image_features', 'float32', [null, hiddenSize]]],
    },
    embedTokens: {
      inputs: [['input_ids', 'int64', [null, null]]],
      outputs: [['inputs_embeds', 'float32', [null, null, hiddenSize]]],
    },
    decoder: { inputs: [...rows, ...past], outputs: [logits, ...fresh] },
    decoderInPlace: {
      inputs: [...rows, ...kept('past_key_values')],
      outputs: [logits, ...kept('present')],
    },
  };
}

/** What a session declares of its inputs and outputs. */
export type GraphMetadata = Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>;

/** What a graph has to fit, and what to do where it doesn't. */
export interface GraphSource {
  readonly fits: string;
  readonly hint: string;
}

const imported: GraphSource = {
  fits: 'its manifest',
  hint: 'Import the model again with this version of the program.',
};

/** Compares what a session declares with what the engine will feed and fetch. */
export function checkGraph(
  name: string,
  session: GraphMetadata,
  expected: ExpectedGraph,
  source: GraphSource = imported,
): void {
  compare(name, 'input', session.inputMetadata, expected.inputs, source);
  compare(name, 'output', session.outputMetadata, expected.outputs, source);
}

function compare(
  graph: string,
  kind: 'input' | 'output',
  found: readonly InferenceSession.ValueMetadata[],
  expected: readonly ExpectedValue[],
  source: GraphSource,
): void {
  const mismatch = (detail: string): WorkstationError =>
    new WorkstationError(
      'model-mismatch',
      `The graph ${graph} does not fit ${source.fits}: ${detail}.`,
      source.hint,
    );
  const byName = new Map(found.map((value) => [value.name, value]));
  for (const [name, type, shape] of expected) {
    const value = byName.get(name);
    if (value === undefined) throw mismatch(`${kind} ${name} is missing`);
    if (!value.isTensor || !type.split(' or ').includes(value.type)) {
      throw mismatch(`${kind} ${name}: expected ${type}, found ${value.isTensor ? value.type : 'no tensor'}`);
    }
    // A graph may leave a shape open; what it does declare has to agree.
    const agrees =
      value.shape.length === 0 ||
      (value.shape.length === shape.length &&
        shape.every(
          (size, axis) =>
            size === null || typeof value.shape[axis] === 'string' || value.shape[axis] === size,
        ));
    if (!agrees) {
      const wanted = shape.map((size) => size ?? '?').join(', ');
      throw mismatch(`${kind} ${name}: expected shape [${wanted}], found [${value.shape.join(', ')}]`);
    }
    byName.delete(name);
  }
  const [extra] = byName.keys();
  if (extra !== undefined) throw mismatch(`${kind} ${extra} is not known`);
}

export interface OpenGraphsOptions {
  readonly device: Device;
  readonly threads: ThreadSetting;
  /** The decoder is to be the one that keeps keys and values in place. */
  readonly inPlace: boolean;
  readonly onProgress?: (graph: GraphName, done: number, total: number) => void;
}

/**
 * Opens the three graphs of a verified model and checks their inputs and outputs. Token embeddings stay on the
 * CPU on every device: a lookup gains nothing from a copy of the table elsewhere.
 */
export async function openGraphs(model: ModelDirectory, options: OpenGraphsOptions): Promise<GraphSessions> {
  const { graphs, parameters } = model.manifest;
  const expected = expectedGraphs(parameters);
  const names = ['embedTokens', 'visionEncoder', 'decoder'] as const;
  const opened: Partial<Record<GraphName, InferenceSession>> = {};
  try {
    for (const [index, name] of names.entries()) {
      options.onProgress?.(name, index, names.length);
      const inPlace = name === 'decoder' && options.inPlace && graphs.decoderInPlace !== undefined;
      const file = inPlace ? graphs.decoderInPlace! : graphs[name];
      const session = await InferenceSession.create(
        pathInModel(model.directory, file),
        sessionOptions(name === 'embedTokens' ? 'cpu' : options.device, options.threads),
      );
      opened[name] = session;
      checkGraph(file, session, expected[inPlace ? 'decoderInPlace' : name]);
    }
  } catch (cause) {
    for (const session of Object.values(opened)) await session.release();
    throw openingError(cause, options.device);
  }
  return opened as GraphSessions;
}

/** @param dataFolder where the external data of a graph that is opened from memory lies */
export function sessionOptions(
  device: Device,
  { threads, spinning }: ThreadSetting,
  dataFolder?: string,
): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(device),
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    // onnxruntime keeps a plan of its memory for every shape of the inputs that it has seen, for ever, and in decoding
    // every token has one of its own: 4 KB a layer and token, at no gain in time.
    ...(device === 'cpu' && { enableMemPattern: false }),
    extra: {
      session: {
        intra_op: spinning
          ? { allow_spinning: '1', spin_duration_us: String(spinMicroseconds) }
          : { allow_spinning: '0' },
        ...(dataFolder !== undefined && { model_external_initializers_file_folder_path: dataFolder }),
      },
    },
  };
}

/** What to tell of a graph that could not be opened. */
export function openingError(cause: unknown, device: Device): WorkstationError {
  if (cause instanceof WorkstationError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const outOfMemory = /bad_alloc|out of memory|allocat/i.test(message);
  return new WorkstationError(
    outOfMemory ? 'out-of-memory' : 'model-unsupported',
    `A graph of the model cannot be opened on ${deviceNames[device]}: ${message.split('\n')[0]!.slice(0, 300)}`,
    outOfMemory ? outOfMemoryHint : 'Choose another device, or import the model again.',
    { cause },
  );
}
