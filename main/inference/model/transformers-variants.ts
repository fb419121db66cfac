import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { graphVariants, type GraphVariant } from '../../../preload/contract/graph-variants.ts';
import type { ModelManifest } from '../../../preload/contract/model.ts';
import type { DeviceWish } from '../devices/devices.ts';

/** Which of several sets of graphs in a folder are wanted. */
export interface GraphsWish {
  /** Where they are to run; the CPU by default. */
  readonly device?: DeviceWish;
  /**
   * A name (`q4`, `fp32`) or the suffix of the files (`_q4`, none at all). By default the smallest that the device
   * runs well.
   */
  readonly variant?: string;
}

/** A wish for one of several sets of graphs, of a model that has one. */
export const noVariants = (directory: string): WorkstationError =>
  new WorkstationError(
    'invalid-input',
    `The model ${path.basename(directory)} has one set of graphs, so there is none to choose.`,
    'Leave the variant out: it is for folders with graphs for transformers.js, which are used in place.',
  );

export const dtypeOf = (variant: GraphVariant): ModelManifest['dtype'] => graphVariants[variant].dtype;

/**
 * What a device computes with as it is stored. A CPU widens half floats at every step, and bnb4 whole matrices; a
 * GPU does not have the operators of `_quantized` and its like, which are then computed on the CPU.
 */
const runsWell: Record<'cpu' | 'gpu', readonly GraphVariant[]> = {
  cpu: ['_q4', '_quantized', '_uint8', '_int8', ''],
  gpu: ['_q4', '_q4f16', '_fp16', ''],
};

const graphNames = {
  embedTokens: 'embed_tokens',
  visionEncoder: 'vision_encoder',
  decoder: 'decoder_model_merged',
} as const;
type GraphName = keyof typeof graphNames;
/** Files of graphs that are looked at; eight kinds of three graphs with their data are some hundred. */
const mostFiles = 2000;

export interface ChosenVariants {
  /** Paths in the folder. */
  readonly graphs: Record<GraphName, string>;
  /** Of the decoder, which is the most of a model. */
  readonly variant: GraphVariant;
  /** Which graphs, and why these, in words for a person. */
  readonly reason: string;
}

interface Candidate {
  readonly variant: GraphVariant;
  readonly file: string;
  /** Of the graph and of the files named after it. */
  readonly bytes: number;
}

/**
 * Chooses among the graphs of a folder: for each, that of the wish, else the smallest of those that the device runs
 * well, else the smallest.
 *
 * @throws WorkstationError `model-missing-file` naming a graph that is missing, or not there with the suffix wished for
 */
export async function chooseVariants(root: string, wish: GraphsWish): Promise<ChosenVariants> {
  const files = await filesOf(path.join(root, 'onnx'));
  const chosen = {
    embedTokens: choose(root, files, 'embedTokens', wish),
    visionEncoder: choose(root, files, 'visionEncoder', wish),
    decoder: choose(root, files, 'decoder', wish),
  };
  const { embedTokens, visionEncoder, decoder } = chosen;
  return {
    graphs: {
      embedTokens: `onnx/${embedTokens.file}`,
      visionEncoder: `onnx/${visionEncoder.file}`,
      decoder: `onnx/${decoder.file}`,
    },
    variant: decoder.variant,
    reason: reasonFor(chosen, files, wish),
  };
}

function choose(
  root: string,
  files: ReadonlyMap<string, number>,
  graph: GraphName,
  { device, variant }: GraphsWish,
): Candidate {
  const present = candidates(files, graph);
  const name = graphNames[graph];
  if (variant !== undefined) {
    const suffix = suffixOf(variant);
    const found = present.find((candidate) => candidate.variant === suffix);
    if (found !== undefined) return found;
    throw missingGraph(root, `onnx/${name}${suffix}.onnx`, present);
  }
  // A look-up table needs no arithmetic, so any kind will do.
  const well = graph === 'embedTokens' ? Object.keys(graphVariants) : runsWell[kindOf(device)];
  const good = present.filter((candidate) => well.includes(candidate.variant));
  const [smallest] = (good.length > 0 ? good : present).toSorted((one, other) => one.bytes - other.bytes);
  if (smallest === undefined) throw missingGraph(root, `onnx/${name}.onnx`, present);
  return smallest;
}

/** Of a name that nobody knows: itself, which no file will have. */
const suffixOf = (variant: string): string =>
  Object.entries(graphVariants).find(([, { words }]) => words === variant)?.[0] ?? variant;

const kindOf = (device: DeviceWish | undefined): 'cpu' | 'gpu' =>
  device === undefined || device === 'auto' || device === 'cpu' ? 'cpu' : 'gpu';

function missingGraph(root: string, file: string, present: readonly Candidate[]): WorkstationError {
  const others = present.map((candidate) => candidate.file).join(', ');
  return new WorkstationError(
    'model-missing-file',
    `The model folder ${path.basename(root)} has no ${file}${others === '' ? '' : `; it has ${others}`}.`,
    'Download or copy the model folder again, with all of onnx/; a folder needs a vision_encoder, an embed_tokens and a decoder_model_merged.',
  );
}

/** In the order of `graphVariants`. */
function candidates(files: ReadonlyMap<string, number>, graph: GraphName): Candidate[] {
  return (Object.keys(graphVariants) as GraphVariant[]).flatMap((variant) => {
    const file = `${graphNames[graph]}${variant}.onnx`;
    const own = files.get(file);
    if (own === undefined) return [];
    const data = [...files].filter(([name]) => name.startsWith(`${file}_data`) || name === `${file}.data`);
    return [{ variant, file, bytes: data.reduce((sum, [, bytes]) => sum + bytes, own) }];
  });
}

/** Sizes of the graphs in a folder and of their data, by their names; links are followed. Empty where there is none. */
async function filesOf(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  // In a folder with thousands of other files, the rest is not looked at.
  const names = (await readdir(folder).catch(() => [])).filter((name) =>
    Object.values(graphNames).some((graph) => name.startsWith(graph)),
  );
  for (const name of names.sort().slice(0, mostFiles)) {
    const found = await stat(path.join(folder, name)).catch(() => null);
    if (found?.isFile() === true) sizes.set(name, found.size);
  }
  return sizes;
}

function reasonFor(
  chosen: Record<GraphName, Candidate>,
  files: ReadonlyMap<string, number>,
  { device, variant }: GraphsWish,
): string {
  const words = (of: GraphVariant): string => graphVariants[of].words;
  const used = [...new Set(Object.values(chosen).map((candidate) => candidate.variant))];
  const which =
    used.length === 1
      ? `${words(used[0]!)} graphs are used`
      : `${words(chosen.decoder.variant)} is used of the decoder, ${words(chosen.visionEncoder.variant)} of the vision encoder, ${words(chosen.embedTokens.variant)} of the embeddings`;
  const there = candidates(files, 'decoder').map((candidate) => words(candidate.variant));
  const kind = kindOf(device);
  const why =
    variant !== undefined
      ? 'as was asked for'
      : there.length === 1
        ? 'the only ones there'
        : runsWell[kind].includes(chosen.decoder.variant)
          ? `the smallest that a ${kind.toUpperCase()} runs well, of ${there.join(', ')}`
          : `the smallest of ${there.join(', ')}, none of which a ${kind.toUpperCase()} runs well`;
  return `The folder's ${which}: ${why}.`;
}
