import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder } from './layers.ts';
import type { MatrixFormat } from './choices/precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import { rowInputs, TextLayers } from './text-layers.ts';
import type { ExternalData, StoredMatrix } from './weights.ts';

/** What every layer of a run shares. */
interface Shared {
  /** What RotaryEmbedding takes: int64 [1, s], 0 to s - 1; and a table each of [s, headSize / 2]. */
  rows: string;
  cos: string;
  sin: string;
  /** [group s, past] and [group s, s]: the bias for a group's query heads below each other, past and new keys apart. */
  pastBias: string;
  newBias: string;
  /** int64 [past, s] */
  lengths: string;
  /** int64 [heads]: rows of the queries of each key-value head, and of its new keys, in that order. */
  headRows: string;
  /** bool []: whether the queries of a group have few rows. */
  few: string;
}

/**
 * Up to so many rows of queries, of a token or a few, the past's keys times the queries are faster than the queries
 * times the keys, whose transposition takes longer than the product: behind 1,500 keys of 128 and on one thread, 45
 * microseconds against 77 with 8 rows, 71 against 119 with 32. With 64 both take the same.
 */
const fewRows = 32;

/**
 * The language model, without its embeddings: s new rows, `past` cached ones, batch 1.
 *
 * Inputs: `inputs_embeds` [1, s, hidden]; `rotary_cos`, `rotary_sin` [s, headSize], M-RoPE sections already
 * chosen, halves repeated; `attention_bias` [s, past + s], added to the scores; `num_logits_to_keep` int64 [],
 * 0 for none; for layer i and key-value head h `past_key.i.h`, `past_value.i.h` [past, headSize], past >= 0,
 * keys already rotated. The WebGPU provider of onnxruntime 1.30 ends the process over an empty input: there, the
 * first run takes one row of zeros as its past, with a bias of -1e9.
 * Outputs: `logits` [1, num_logits_to_keep, vocabulary] of the last rows; `new_key.i`, `new_value.i`
 * [keyValueHeads, s, headSize], for the caller to append.
 *
 * The past is never copied: scores against past and new keys are computed apart and joined for the softmax,
 * whose result is parted again for the values.
 *
 * @param head the output matrix, which may lie in the embeddings' file
 * @param format of the layers' matrices
 */
export function buildDecoder(
  configuration: Configuration,
  tensors: CheckpointTensors,
  data: ExternalData,
  head: StoredMatrix,
  format: MatrixFormat,
): GraphBuilder {
  const { text } = configuration;
  const graph = new GraphBuilder('decoder');
  const layers = new TextLayers(new LayerBuilder(graph, data, format), text, tensors);
  const { embeds, cos, sin, bias, keep } = rowInputs(graph, text);
  const length = graph.sizeOf(cos, 0);
  const shared = prepare(graph, configuration, { cos, sin, bias, length });

  let rows = graph.reshape(embeds, [-1, text.hidden]);
  for (let layer = 0; layer < text.layers; layer++) {
    rows = graph.node('Add', [rows, attention(layers, text, shared, layer, rows)]);
    rows = graph.node('Add', [rows, layers.feedForward(layer, rows)]);
  }

  const first = graph.node('Sub', [length, graph.reshape(keep, [1])]);
  const last = graph.node('Slice', [rows, first, length, graph.integerVector([0])]);
  graph.node('Unsqueeze', [layers.logits(last, head), graph.integerVector([0])], { output: 'logits' });
  graph.output('logits', 'float', [1, 'kept', text.vocabulary]);
  return graph;
}

function prepare(
  graph: GraphBuilder,
  { text }: Configuration,
  run: { cos: string; sin: string; bias: string; length: string },
): Shared {
  const { heads, keyValueHeads, headSize } = text;
  for (let layer = 0; layer < text.layers; layer++) {
    for (let head = 0; head < text.keyValueHeads; head++) {
      graph.input(pastKey(layer, head), 'float', ['past', text.headSize]);
      graph.input(pastValue(layer, head), 'float', ['past', text.headSize]);
    }
  }
  const lengths = graph.concat([graph.sizeOf(pastKey(0, 0), 0), run.length], 0);
  const group = heads / keyValueHeads;
  const [pastBias, newBias] = graph.splitInTwo(inGroups(graph, run.bias, group), lengths, 1);
  const repeated = (rows: string): string =>
    graph.node('Expand', [rows, graph.integerVector([keyValueHeads])]);
  const groupRows = graph.node('Mul', [run.length, graph.integer(group)]);
  // Tables come with halves repeated.
  const half = (table: string): string => graph.split(table, [headSize / 2, headSize / 2], 1)[0]!;
  const every = graph.node('Range', [
    graph.integer(0),
    graph.node('Squeeze', [run.length]),
    graph.integer(1),
  ]);
  return {
    rows: graph.node('Unsqueeze', [every, graph.integerVector([0])]),
    cos: half(run.cos),
    sin: half(run.sin),
    pastBias,
    newBias,
    lengths,
    headRows: graph.concat([repeated(groupRows), repeated(run.length)], 0),
    few: graph.node('LessOrEqual', [graph.node('Squeeze', [groupRows]), graph.integer(fewRows)]),
  };
}

/** [s, total] as often below itself as a group has heads. */
function inGroups(graph: GraphBuilder, bias: string, group: number): string {
  if (group === 1) return bias;
  const total = graph.sizeOf(bias, 1);
  const byHead = graph.node('Expand', [
    bias,
    graph.concat([graph.integerVector([group]), graph.node('Shape', [bias])], 0),
  ]);
  return graph.node('Reshape', [byHead, graph.concat([graph.integerVector([-1]), total], 0)]);
}

function attention(
  layers: TextLayers,
  text: Configuration['text'],
  shared: Shared,
  layer: number,
  rows: string,
): string {
  const { graph } = layers.layers;
  const { heads, keyValueHeads, headSize } = text;
  const rotatedHeads = heads + keyValueHeads;
  const widths = [rotatedHeads * headSize, keyValueHeads * headSize];
  const [queryKey, value] = graph.split(layers.queryKeyValue(layer, rows), widths, 1) as [string, string];
  const rotated = graph.node(
    'RotaryEmbedding',
    [graph.reshape(queryKey, [1, -1, rotatedHeads * headSize]), shared.rows, shared.cos, shared.sin],
    { domain: 'com.microsoft', attributes: { num_heads: rotatedHeads } },
  );
  const byHead = graph.transpose(graph.reshape(rotated, [-1, rotatedHeads, headSize]), [1, 0, 2]);
  const newKey = `new_key.${layer}`;
  const newValue = `new_value.${layer}`;
  const ends = [heads, rotatedHeads, 0].map((at) => graph.integerVector([at])) as [string, string, string];
  graph.node('Slice', [byHead, ...ends], { output: newKey });
  graph.transpose(graph.reshape(value, [-1, keyValueHeads, headSize]), [1, 0, 2], newValue);
  graph.output(newKey, 'float', [keyValueHeads, 'sequence', headSize]);
  graph.output(newValue, 'float', [keyValueHeads, 'sequence', headSize]);

  const parts = graph.splitBy(graph.reshape(byHead, [-1, headSize]), shared.headRows, 2 * keyValueHeads, 0);
  const values = graph.split(value, Array<number>(keyValueHeads).fill(headSize), 1);
  const pastScores = scoresOfPast(
    graph,
    shared,
    headSize,
    values.map((_, head) => ({ query: parts[head]!, pastKey: pastKey(layer, head) })),
  );
  const attended = values.map((newHeadValue, head) =>
    attend(graph, shared, headSize, {
      query: parts[head]!,
      pastScores: pastScores[head]!,
      newKey: parts[keyValueHeads + head]!,
      newValue: newHeadValue,
      pastValue: pastValue(layer, head),
    }),
  );
  const together = graph.reshape(graph.concat(attended, 0), [heads, -1, headSize]);
  const inRows = graph.reshape(graph.transpose(together, [1, 0, 2]), [-1, heads * headSize]);
  return layers.attentionOutput(layer, inRows);
}

/** Each key-value head's scores for the past, [group s, past]: query [group s, headSize], pastKey [past, headSize]. */
function scoresOfPast(
  graph: GraphBuilder,
  { pastBias, few }: Shared,
  headSize: number,
  heads: { query: string; pastKey: string }[],
): string[] {
  const attributes = { ...scoreScale(headSize), transB: 1 };
  return graph.either(
    few,
    (branch) =>
      heads.map(({ query, pastKey: keys }) => {
        const scores = branch.node('FusedMatMul', [keys, query], { domain: 'com.microsoft', attributes });
        return branch.node('Add', [branch.transpose(scores, [1, 0]), pastBias]);
      }),
    (branch) =>
      heads.map(({ query, pastKey: keys }) => branch.node('Gemm', [query, keys, pastBias], { attributes })),
  );
}

const scoreScale = (headSize: number) => ({ alpha: { float: 1 / Math.sqrt(headSize) } });

/**
 * One key-value head with its group of query heads: query [group s, headSize] to the same shape; new keys and values
 * [s, headSize]. In few operators: in a decoded token each takes longer to be called than to be done.
 */
function attend(
  graph: GraphBuilder,
  { newBias, lengths }: Shared,
  headSize: number,
  head: { query: string; pastScores: string; newKey: string; newValue: string; pastValue: string },
): string {
  const attributes = { ...scoreScale(headSize), transB: 1 };
  const scores = [head.pastScores, graph.node('Gemm', [head.query, head.newKey, newBias], { attributes })];
  const weights = graph.node('Softmax', [graph.concat(scores, 1)], { attributes: { axis: -1 } });
  const [pastWeights, newWeights] = graph.splitInTwo(weights, lengths, 1);
  const ofPast = graph.node('MatMul', [pastWeights, head.pastValue]);
  return graph.node('Gemm', [newWeights, head.newValue, ofPast]);
}

const pastKey = (layer: number, head: number): string => `past_key.${layer}.${head}`;
const pastValue = (layer: number, head: number): string => `past_value.${layer}.${head}`;
