import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder, prepareRotation, rotate } from './layers.ts';
import type { Rotation } from './layers.ts';
import type { MatrixFormat } from './choices/precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import type { ExternalData } from './weights.ts';

/** Hugging Face's vision norms have this written in their code, whatever config.json says. */
const normEpsilon = 1e-6;

/** Which merge units of the windows are the image's own, U of them. */
export interface Padding {
  /** int64 [U]: where in the windows each stands, in this order. */
  placeOf: string;
  /** int64 [N / rows of a unit]: the number of the unit at each place; at a place of padding, of any. */
  unitAt: string;
}

/**
 * Rows of patches in windows, and what their layers share; N = windows * windowRows. Where the padding is known, only
 * attention sees it; all else works on the image's own rows, R of them. Padding is a ninth of N at 1280 x 1024, a sixth
 * for a small image. Where it is not known, R = N.
 */
export interface WindowedRows {
  /** [N, channels * frames * patch * patch] */
  pixels: string;
  padding: Padding | null;
  /** Of [R, headSize], with axes of size 1 at 1 and 2. */
  rotation: Rotation;
  /** [windows, 1, 1, windowRows]: what the windowed layers add to the scores. */
  windowBias: string;
  /** [N], or [N, N] where rows see different keys: what the layers that attend everywhere add to the scores. */
  bias: string;
}

/**
 * The vision part, for the patches of one image laid out in windows, each padded to `windowRows` rows
 * (64 = 4 x 4 merge units of 4 patches). N = windows * windowRows.
 *
 * Inputs: `pixel_values` [N, channels * frames * patch * patch], padding rows 0; `rotary_cos`, `rotary_sin`
 * [N, headSize], halves repeated; `key_bias` [windows, windowRows], 0 for patches, -1e9 for padding.
 * Output: `image_features` [N / 4, hidden of the language model], in window order; rows of padding mean nothing.
 *
 * Most layers attend within a window; those of `fullatt_block_indexes` over the whole image.
 */
export function buildVisionEncoder(
  configuration: Configuration,
  tensors: CheckpointTensors,
  data: ExternalData,
  format: MatrixFormat,
): GraphBuilder {
  const { vision } = configuration;
  const graph = new GraphBuilder('vision_encoder');
  const pixels = graph.input('pixel_values', 'float', ['patches', vision.patchValues]);
  const cos = graph.input('rotary_cos', 'float', ['patches', vision.headSize]);
  const sin = graph.input('rotary_sin', 'float', ['patches', vision.headSize]);
  const bias = graph.input('key_bias', 'float', ['windows', vision.windowRows]);
  const padding = findPadding(graph, bias, vision.mergeSize ** 2);
  const own = (rows: string): string => withoutPadding(graph, vision, padding, rows, vision.headSize);
  const features = encodeWindows(new LayerBuilder(graph, data, format), configuration, tensors, {
    pixels,
    padding,
    rotation: prepareRotation(graph, own(cos), own(sin), vision.headSize, [1, 2]),
    windowBias: graph.node('Unsqueeze', [bias, graph.integerVector([1, 2])]),
    bias: graph.reshape(bias, [-1]),
  });
  graph.node('Gather', [features, padding.unitAt], { attributes: { axis: 0 }, output: 'image_features' });
  graph.output('image_features', 'float', ['units', vision.outHidden]);
  return graph;
}

/** From what is added to the scores of the windows: 0 for the rows of a unit, less for those of padding. */
function findPadding(graph: GraphBuilder, keyBias: string, unitRows: number): Padding {
  const byUnit = graph.reshape(keyBias, [-1, unitRows]);
  const [first] = graph.split(byUnit, [1, unitRows - 1], 1) as [string, string];
  const isOwn = graph.node('Equal', [graph.reshape(first, [-1]), graph.floatConstant('no_bias', 0)]);
  const ownUpTo = graph.node('CumSum', [graph.cast(isOwn, 'int64'), graph.integer(0)]);
  return {
    placeOf: graph.reshape(graph.node('NonZero', [isOwn]), [-1]),
    // The first place of all is the image's own, so that no number is below 0.
    unitAt: graph.node('Sub', [ownUpTo, graph.integer(1)]),
  };
}

/** The image's own rows, [R, columns], of rows in windows, [N, columns]. */
function withoutPadding(
  graph: GraphBuilder,
  vision: Configuration['vision'],
  padding: Padding | null,
  rows: string,
  columns: number,
): string {
  return padding === null ? rows : gatherUnits(graph, vision, padding.placeOf, rows, columns);
}

/** The image's own rows, [R, columns], where they stand in windows, [N, columns]. */
function intoWindows(
  graph: GraphBuilder,
  vision: Configuration['vision'],
  padding: Padding | null,
  rows: string,
  columns: number,
): string {
  return padding === null ? rows : gatherUnits(graph, vision, padding.unitAt, rows, columns);
}

function gatherUnits(
  graph: GraphBuilder,
  { mergeSize }: Configuration['vision'],
  units: string,
  rows: string,
  columns: number,
): string {
  const byUnit = graph.reshape(rows, [-1, mergeSize ** 2 * columns]);
  const gathered = graph.node('Gather', [byUnit, units], { attributes: { axis: 0 } });
  return graph.reshape(gathered, [-1, columns]);
}

/** The blocks and the merger, on rows in windows: [R / 4, hidden of the language model], in window order. */
export function encodeWindows(
  layers: LayerBuilder,
  { vision }: Configuration,
  tensors: CheckpointTensors,
  windowed: WindowedRows,
): string {
  const { graph } = layers;
  // The convolution's kernel is as large as its stride, so it is a matrix product on whole patches.
  let rows = layers.exactLinear('patch_embed.proj', windowed.pixels, {
    weights: [tensors.vision('patch_embed.proj.weight')],
    columns: vision.patchValues,
  });
  rows = withoutPadding(graph, vision, windowed.padding, rows, vision.hidden);
  for (let layer = 0; layer < vision.layers; layer++) {
    rows = graph.node('Add', [rows, attention(layers, vision, tensors, windowed, layer, rows)]);
    rows = graph.node('Add', [rows, feedForward(layers, vision, tensors, layer, rows)]);
  }
  return merge(layers, vision, tensors, rows);
}

function attention(
  layers: LayerBuilder,
  vision: Configuration['vision'],
  tensors: CheckpointTensors,
  shared: WindowedRows,
  layer: number,
  rows: string,
): string {
  const { graph } = layers;
  const { heads, headSize, hidden } = vision;
  const prefix = `blocks.${layer}`;
  const normName = `${prefix}.norm1.weight`;
  const normalised = layers.rmsNorm(normName, rows, tensors.vision(normName), normEpsilon);
  const projected = layers.linear(`${prefix}.attn.qkv`, normalised, {
    weights: [tensors.vision(`${prefix}.attn.qkv.weight`)],
    biases: [tensors.vision(`${prefix}.attn.qkv.bias`)],
    columns: hidden,
  });
  const [queryKey, value] = graph.split(projected, [2 * hidden, hidden], 1) as [string, string];
  const byHead = [-1, 2, heads, headSize];
  const rotated = rotate(graph, graph.reshape(queryKey, byHead), shared.rotation, 4);
  const inWindows = (own: string, columns: number): string =>
    intoWindows(graph, vision, shared.padding, own, columns);
  const values = inWindows(value, hidden);
  let own: string;
  if (vision.fullAttentionLayers.has(layer)) {
    const [query, key] = graph.split(rotated, [1, 1], 1) as [string, string];
    own = attendEverywhere(graph, vision, shared, query, inWindows(key, hidden), values);
  } else {
    const both = graph.reshape(inWindows(rotated, 2 * hidden), byHead);
    const [query, key] = graph.split(both, [1, 1], 1) as [string, string];
    const attended = attendInWindows(graph, vision, shared, query, key, values);
    own = withoutPadding(graph, vision, shared.padding, attended, hidden);
  }
  return layers.linear(`${prefix}.attn.proj`, own, {
    weights: [tensors.vision(`${prefix}.attn.proj.weight`)],
    biases: [tensors.vision(`${prefix}.attn.proj.bias`)],
    columns: hidden,
  });
}

/** All windows and heads in one batch. */
function attendInWindows(
  graph: GraphBuilder,
  { windowRows, heads, headSize, hidden }: Configuration['vision'],
  shared: WindowedRows,
  query: string,
  key: string,
  value: string,
): string {
  const inWindows = (rows: string, permutation: number[]) =>
    graph.transpose(graph.reshape(rows, [-1, windowRows, heads, headSize]), permutation);
  const scores = graph.node('MatMul', [inWindows(query, [0, 2, 1, 3]), inWindows(key, [0, 2, 3, 1])]);
  const scaled = graph.node('Mul', [scores, scoreScale(graph, headSize)]);
  const biased = graph.node('Add', [scaled, shared.windowBias]);
  const weights = graph.node('Softmax', [biased], { attributes: { axis: -1 } });
  const attended = graph.node('MatMul', [weights, inWindows(value, [0, 2, 1, 3])]);
  return graph.reshape(graph.transpose(attended, [0, 2, 1, 3]), [-1, hidden]);
}

/**
 * The image's own rows to all rows, padding masked: without it, the sums over keys and values would be in another order,
 * and their roundings others. One head after the other: the scores of all heads at once would take gigabytes for a large
 * image (16 heads of 6,808 x 6,808 at 1280 x 1024).
 */
function attendEverywhere(
  graph: GraphBuilder,
  { heads, headSize, hidden }: Configuration['vision'],
  shared: WindowedRows,
  query: string,
  key: string,
  value: string,
): string {
  const byHead = (rows: string) =>
    graph.split(graph.reshape(rows, [-1, hidden]), Array<number>(heads).fill(headSize), 1);
  const keys = byHead(key);
  const values = byHead(value);
  const attributes = { alpha: { float: 1 / Math.sqrt(headSize) }, transB: 1 };
  const attended = byHead(query).map((headQuery, head) => {
    const scores = graph.node('Gemm', [headQuery, keys[head]!, shared.bias], { attributes });
    const weights = graph.node('Softmax', [scores], { attributes: { axis: -1 } });
    return graph.node('MatMul', [weights, values[head]!]);
  });
  return graph.concat(attended, 1);
}

function scoreScale(graph: GraphBuilder, headSize: number): string {
  return graph.floatConstant('score_scale', 1 / Math.sqrt(headSize));
}

function feedForward(
  layers: LayerBuilder,
  { hidden, intermediate }: Configuration['vision'],
  tensors: CheckpointTensors,
  layer: number,
  rows: string,
): string {
  const prefix = `blocks.${layer}`;
  const part = (name: string) => tensors.vision(`${prefix}.mlp.${name}`);
  const normName = `${prefix}.norm2.weight`;
  const normalised = layers.rmsNorm(normName, rows, tensors.vision(normName), normEpsilon);
  const gate = {
    weights: [part('gate_proj.weight'), part('up_proj.weight')],
    biases: [part('gate_proj.bias'), part('up_proj.bias')],
    columns: hidden,
  };
  const activated = layers.gatedUnit(`${prefix}.mlp.gate_up`, normalised, gate, intermediate);
  return layers.linear(`${prefix}.mlp.down_proj`, activated, {
    weights: [part('down_proj.weight')],
    biases: [part('down_proj.bias')],
    columns: intermediate,
  });
}

/** Joins the patches of each merge unit and brings them to the language model's width. */
function merge(
  layers: LayerBuilder,
  { hidden, mergeSize }: Configuration['vision'],
  tensors: CheckpointTensors,
  rows: string,
): string {
  const { graph } = layers;
  const columns = hidden * mergeSize ** 2;
  const normalised = layers.rmsNorm(
    'merger.ln_q.weight',
    rows,
    tensors.vision('merger.ln_q.weight'),
    normEpsilon,
  );
  const layer = (index: number, value: string) =>
    layers.linear(`merger.mlp.${index}`, value, {
      weights: [tensors.vision(`merger.mlp.${index}.weight`)],
      biases: [tensors.vision(`merger.mlp.${index}.bias`)],
      columns,
    });
  return layer(2, graph.node('Gelu', [layer(0, graph.reshape(normalised, [-1, columns]))]));
}
