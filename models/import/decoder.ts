import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder, prepareRotation, rotate } from './layers.ts';
import type { Rotation } from './layers.ts';
import type { MatrixFormat } from './precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import { TextLayers } from './text-layers.ts';
import type { ExternalData, StoredMatrix } from './weights.ts';

/** What every layer of a run shares. */
interface Shared {
  rotation: Rotation;
  bias: string;
  /** int64 [past, s] */
  lengths: string;
  /** int64 [group, s, past + s]: the shape of one key-value head's scores. */
  scoresShape: string;
  /** int64 [-1, past + s]: the same with the first two axes joined. */
  flatScoresShape: string;
}

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
  const embeds = graph.input('inputs_embeds', 'float', [1, 'sequence', text.hidden]);
  const cos = graph.input('rotary_cos', 'float', ['sequence', text.headSize]);
  const sin = graph.input('rotary_sin', 'float', ['sequence', text.headSize]);
  const bias = graph.input('attention_bias', 'float', ['sequence', 'total']);
  const keep = graph.input('num_logits_to_keep', 'int64', []);
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
  for (let layer = 0; layer < text.layers; layer++) {
    for (let head = 0; head < text.keyValueHeads; head++) {
      graph.input(pastKey(layer, head), 'float', ['past', text.headSize]);
      graph.input(pastValue(layer, head), 'float', ['past', text.headSize]);
    }
  }
  const past = graph.sizeOf(pastKey(0, 0), 0);
  const total = graph.node('Add', [past, run.length]);
  const group = graph.integerVector([text.heads / text.keyValueHeads]);
  return {
    rotation: prepareRotation(graph, run.cos, run.sin, text.headSize, [1]),
    bias: run.bias,
    lengths: graph.concat([past, run.length], 0),
    scoresShape: graph.concat([group, run.length, total], 0),
    flatScoresShape: graph.concat([graph.integerVector([-1]), total], 0),
  };
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
  const projected = layers.queryKeyValue(layer, rows);
  const rotatedHeads = heads + keyValueHeads;
  const widths = [rotatedHeads * headSize, keyValueHeads * headSize];
  const [queryKey, value] = graph.split(projected, widths, 1) as [string, string];
  const byHead = graph.reshape(queryKey, [-1, rotatedHeads, headSize]);
  const rotated = graph.transpose(rotate(graph, byHead, shared.rotation, 3), [1, 0, 2]);
  const newKey = `new_key.${layer}`;
  const newValue = `new_value.${layer}`;
  const [query] = graph.split(rotated, [heads, keyValueHeads], 0, { 1: newKey }) as [string];
  graph.transpose(graph.reshape(value, [-1, keyValueHeads, headSize]), [1, 0, 2], newValue);
  graph.output(newKey, 'float', [keyValueHeads, 'sequence', headSize]);
  graph.output(newValue, 'float', [keyValueHeads, 'sequence', headSize]);

  const group = heads / keyValueHeads;
  const queries = graph.split(query, Array<number>(keyValueHeads).fill(group), 0);
  const keys = graph.split(newKey, Array<number>(keyValueHeads).fill(1), 0);
  const values = graph.split(newValue, Array<number>(keyValueHeads).fill(1), 0);
  const attended = queries.map((headQuery, head) =>
    attend(graph, shared, headSize, group, {
      query: headQuery,
      pastKey: pastKey(layer, head),
      newKey: keys[head]!,
      pastValue: pastValue(layer, head),
      newValue: values[head]!,
    }),
  );
  const together = graph.transpose(graph.concat(attended, 0), [1, 0, 2]);
  return layers.attentionOutput(layer, graph.reshape(together, [-1, heads * headSize]));
}

/** One key-value head with its group of query heads: query [group, s, headSize] to the same shape. */
function attend(
  graph: GraphBuilder,
  shared: Shared,
  headSize: number,
  group: number,
  head: { query: string; pastKey: string; newKey: string; pastValue: string; newValue: string },
): string {
  const query = graph.reshape(head.query, [-1, headSize]);
  const newKey = graph.reshape(head.newKey, [-1, headSize]);
  const newValue = graph.reshape(head.newValue, [-1, headSize]);
  const scaled = { attributes: { alpha: { float: 1 / Math.sqrt(headSize) }, transB: 1 } };
  const scores = graph.concat(
    [graph.node('Gemm', [query, head.pastKey], scaled), graph.node('Gemm', [query, newKey], scaled)],
    1,
  );
  const biased = graph.node('Add', [graph.node('Reshape', [scores, shared.scoresShape]), shared.bias]);
  const weights = graph.node('Softmax', [biased], { attributes: { axis: -1 } });
  const flat = graph.node('Reshape', [weights, shared.flatScoresShape]);
  const [pastWeights, newWeights] = graph.splitInTwo(flat, shared.lengths, 1);
  const sum = graph.node('Add', [
    graph.node('MatMul', [pastWeights, head.pastValue]),
    graph.node('MatMul', [newWeights, newValue]),
  ]);
  return graph.reshape(sum, [group, -1, headSize]);
}

const pastKey = (layer: number, head: number): string => `past_key.${layer}.${head}`;
const pastValue = (layer: number, head: number): string => `past_value.${layer}.${head}`;
