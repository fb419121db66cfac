import { rotaryInverseFrequencies } from '../../main/inference/model/index.ts';
import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder, prepareRotation, rotate } from './layers.ts';
import type { Rotation } from './layers.ts';
import type { AttentionOperator } from './choices/layouts.ts';
import type { MatrixFormat } from './choices/precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import { TextLayers } from './text-layers.ts';
import type { ExternalData, StoredMatrix } from './weights.ts';

/** What is added to the score of a key that a row doesn't see. */
const masked = -1e9;

/** What every layer of a run shares. B is the batch's size, s the number of new rows, total that with the past. */
interface Shared {
  /** For values of [B s, heads, headSize]. */
  rotation: Rotation;
  /** [B, 1, s, total] */
  bias: string;
  /** int64 vectors that Reshape takes. */
  shapes: {
    /** [B, s, -1] */
    rows: string;
    /** [B, s, -1, headSize] */
    heads: string;
    /** [B, keyValueHeads, -1, headSize]: the query heads of a group below each other. */
    groups: string;
    /** [B, heads, s, total] */
    scores: string;
    /** [B, keyValueHeads, -1, total] */
    groupedScores: string;
  };
  /** int32 [B] and [1]: what GroupQueryAttention takes. */
  lastKeys: string;
  total: string;
}

/**
 * The language model as transformers.js and other peers want it (`decoder_model_merged`): s new rows of B
 * sequences, with `past` cached ones each, all keys and values going in and out.
 *
 * Inputs: `inputs_embeds` [B, s, hidden]; `attention_mask` int64 [B, past + s], 0 for padding, which may stand
 * before a shorter sequence; `position_ids` int64 [3, B, s] (time, height, width); `num_logits_to_keep` int64 [],
 * 0 for all rows; for layer i `past_key_values.i.key`, `past_key_values.i.value` [B, keyValueHeads, past, headSize],
 * past >= 0, keys already rotated.
 * Outputs: `logits` [B, rows kept, vocabulary]; `present.i.key`, `present.i.value`
 * [B, keyValueHeads, past + s, headSize].
 *
 * Rotary tables are worked out from the positions (get_rope_index's three axes, `mrope_section` of each), and the
 * causal mask from the mask of padding, as in Hugging Face's Qwen2_5_VLTextModel.
 *
 * @param head the output matrix
 * @param format of the layers' matrices
 */
export function buildTransformersDecoder(
  configuration: Configuration,
  tensors: CheckpointTensors,
  data: ExternalData,
  head: StoredMatrix,
  format: MatrixFormat,
  attention: AttentionOperator,
): GraphBuilder {
  const { text } = configuration;
  const graph = new GraphBuilder('decoder_model_merged');
  const layers = new TextLayers(new LayerBuilder(graph, data, format), text, tensors);
  const embeds = graph.input('inputs_embeds', 'float', ['batch_size', 'sequence_length', text.hidden]);
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const positions = graph.input('position_ids', 'int64', [3, 'batch_size', 'sequence_length']);
  const keep = graph.input('num_logits_to_keep', 'int64', []);
  const pastShape = ['batch_size', text.keyValueHeads, 'past_sequence_length', text.headSize];
  for (let layer = 0; layer < text.layers; layer++) {
    for (const name of pastNames(layer)) graph.input(name, 'float', pastShape);
  }
  graph.output('logits', 'float', ['batch_size', 'kept_length', text.vocabulary]);

  const shared = prepare(graph, configuration, { embeds, mask, positions });
  let rows = graph.reshape(embeds, [-1, text.hidden]);
  for (let layer = 0; layer < text.layers; layer++) {
    const projected = layers.queryKeyValue(layer, rows);
    const attended =
      attention === 'gqa'
        ? attendByOperator(graph, text, shared, layer, projected)
        : attendByParts(graph, text, shared, layer, projected);
    rows = graph.node('Add', [rows, layers.attentionOutput(layer, attended)]);
    rows = graph.node('Add', [rows, layers.feedForward(layer, rows)]);
    const presentShape = ['batch_size', text.keyValueHeads, 'total_sequence_length', text.headSize];
    for (const name of presentNames(layer)) graph.output(name, 'float', presentShape);
  }

  const last = keepLastRows(graph, graph.node('Reshape', [rows, shared.shapes.rows]), embeds, keep);
  const logits = layers.logits(graph.reshape(last, [-1, text.hidden]), head);
  const shape = graph.concat([graph.sizeOf(embeds, 0), graph.integerVector([-1, text.vocabulary])], 0);
  graph.node('Reshape', [logits, shape], { output: 'logits' });
  return graph;
}

function prepare(
  graph: GraphBuilder,
  { text, parameters }: Configuration,
  { embeds, mask, positions }: { embeds: string; mask: string; positions: string },
): Shared {
  const batch = graph.sizeOf(embeds, 0);
  const length = graph.sizeOf(embeds, 1);
  const total = graph.sizeOf(mask, 1);
  const heads = graph.integerVector([text.heads]);
  const keyValueHeads = graph.integerVector([text.keyValueHeads]);
  const headSize = graph.integerVector([text.headSize]);
  const rest = graph.integerVector([-1]);
  const totals = graph.cast(total, 'int32');
  return {
    rotation: rotaryTables(graph, parameters, positions),
    bias: scoreBias(graph, mask, length, total),
    shapes: {
      rows: graph.concat([batch, length, rest], 0),
      heads: graph.concat([batch, length, rest, headSize], 0),
      groups: graph.concat([batch, keyValueHeads, rest, headSize], 0),
      scores: graph.concat([batch, heads, length, total], 0),
      groupedScores: graph.concat([batch, keyValueHeads, rest, total], 0),
    },
    lastKeys: graph.node('Expand', [
      graph.node('Sub', [totals, graph.cast(graph.integerVector([1]), 'int32')]),
      batch,
    ]),
    total: totals,
  };
}

/** Angles of [B s, headSize / 2]: each frequency turns with the axis that its section of the head belongs to. */
function rotaryTables(
  graph: GraphBuilder,
  { headSize, ropeTheta, mropeSection }: Configuration['parameters'],
  positions: string,
): Rotation {
  const frequencies = graph.floats('rotary_frequencies', rotaryInverseFrequencies(headSize, ropeTheta));
  const axes = graph.integerVector(mropeSection.flatMap((size, axis) => Array<number>(size).fill(axis)));
  const byRow = graph.transpose(graph.cast(graph.reshape(positions, [3, -1]), 'float'), [1, 0]);
  const perFrequency = graph.node('Gather', [byRow, axes], { attributes: { axis: 1 } });
  const angles = graph.node('Mul', [perFrequency, frequencies]);
  const [cos, sin] = [graph.node('Cos', [angles]), graph.node('Sin', [angles])];
  return prepareRotation(graph, graph.concat([cos, cos], 1), graph.concat([sin, sin], 1), headSize, [1]);
}

/** A row sees the keys up to its own that are no padding. */
function scoreBias(graph: GraphBuilder, mask: string, length: string, total: string): string {
  const scalar = (value: string): string => graph.node('Squeeze', [value]);
  const past = graph.node('Sub', [total, length]);
  const range = (begin: string, end: string): string =>
    graph.node('Range', [begin, scalar(end), graph.integer(1)]);
  const keys = range(graph.integer(0), total);
  const queries = graph.node('Unsqueeze', [range(scalar(past), total), graph.integerVector([1])]);
  const causal = graph.node('LessOrEqual', [keys, queries]);
  const real = graph.node('Unsqueeze', [graph.cast(mask, 'bool'), graph.integerVector([1, 2])]);
  return graph.node('Where', [
    graph.node('And', [real, causal]),
    graph.floatConstant('seen', 0),
    graph.floatConstant('masked', masked),
  ]);
}

/**
 * Plain operators. The query heads that share a key-value head are put below each other, so that keys and values
 * need not be repeated.
 */
function attendByParts(
  graph: GraphBuilder,
  text: Configuration['text'],
  { rotation, bias, shapes }: Shared,
  layer: number,
  projected: string,
): string {
  const { query, key, value } = rotatedParts(graph, text, rotation, projected);
  const byHead = (rows: string): string =>
    graph.transpose(graph.node('Reshape', [rows, shapes.heads]), [0, 2, 1, 3]);
  const [pastKey, pastValue] = pastNames(layer);
  const [presentKey, presentValue] = presentNames(layer);
  const join = (past: string, fresh: string, output: string): string =>
    graph.node('Concat', [past, byHead(fresh)], { attributes: { axis: 2 }, output });
  const keys = graph.transpose(join(pastKey, key, presentKey), [0, 1, 3, 2]);
  const values = join(pastValue, value, presentValue);
  const queries = graph.node('Reshape', [byHead(query), shapes.groups]);
  const scaled = graph.node('Mul', [
    graph.node('MatMul', [queries, keys]),
    graph.floatConstant('score_scale', 1 / Math.sqrt(text.headSize)),
  ]);
  const biased = graph.node('Add', [graph.node('Reshape', [scaled, shapes.scores]), bias]);
  const weights = graph.node('Softmax', [biased], { attributes: { axis: -1 } });
  const attended = graph.node('MatMul', [graph.node('Reshape', [weights, shapes.groupedScores]), values]);
  const rows = graph.transpose(restoreHeads(graph, text, attended), [0, 2, 1, 3]);
  return graph.reshape(rows, [-1, text.heads * text.headSize]);
}

/** [B, keyValueHeads, group s, headSize] as [B, heads, s, headSize]. */
function restoreHeads(
  graph: GraphBuilder,
  { heads, headSize }: Configuration['text'],
  value: string,
): string {
  return graph.node('Reshape', [value, graph.integerVector([0, heads, -1, headSize])]);
}

/** Causality is the operator's own; padding before a sequence comes from the bias. */
function attendByOperator(
  graph: GraphBuilder,
  text: Configuration['text'],
  { rotation, bias, shapes, lastKeys, total }: Shared,
  layer: number,
  projected: string,
): string {
  const { query, key, value } = rotatedParts(graph, text, rotation, projected);
  const inRows = (part: string): string => graph.node('Reshape', [part, shapes.rows]);
  const inputs = [inRows(query), inRows(key), inRows(value), ...pastNames(layer), lastKeys, total];
  const attended = `attended.${layer}`;
  graph.nodeWithOutputs(
    'GroupQueryAttention',
    [...inputs, '', '', '', bias],
    [attended, ...presentNames(layer)],
    {
      domain: 'com.microsoft',
      attributes: { num_heads: text.heads, kv_num_heads: text.keyValueHeads },
    },
  );
  return graph.reshape(attended, [-1, text.heads * text.headSize]);
}

/** [B s, ...]: queries and keys of [heads, headSize], rotated, and values of [heads headSize]. */
export function rotatedParts(
  graph: GraphBuilder,
  { heads, keyValueHeads, headSize }: Configuration['text'],
  rotation: Rotation,
  projected: string,
): { query: string; key: string; value: string } {
  const rotatedHeads = heads + keyValueHeads;
  const widths = [rotatedHeads * headSize, keyValueHeads * headSize];
  const [queryKey, value] = graph.split(projected, widths, 1) as [string, string];
  const byHead = graph.reshape(queryKey, [-1, rotatedHeads, headSize]);
  const rotated = rotate(graph, byHead, rotation, 3);
  const [query, key] = graph.split(rotated, [heads, keyValueHeads], 1) as [string, string];
  return { query, key, value };
}

/** The last rows of every sequence: as many as asked for, at most all; all of them for 0. */
function keepLastRows(graph: GraphBuilder, rows: string, embeds: string, keep: string): string {
  const length = graph.sizeOf(embeds, 1);
  const zero = graph.integerVector([0]);
  const wanted = graph.reshape(keep, [1]);
  const first = graph.node('Max', [graph.node('Sub', [length, wanted]), zero]);
  const begin = graph.node('Where', [graph.node('Equal', [wanted, zero]), zero, first]);
  return graph.node('Slice', [rows, begin, length, graph.integerVector([1])]);
}

export const pastNames = (layer: number): [key: string, value: string] => [
  `past_key_values.${layer}.key`,
  `past_key_values.${layer}.value`,
];
export const presentNames = (layer: number): [key: string, value: string] => [
  `present.${layer}.key`,
  `present.${layer}.value`,
];
