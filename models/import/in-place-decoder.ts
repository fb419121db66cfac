import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { LayerBuilder, prepareRotation } from './layers.ts';
import type { MatrixFormat } from './choices/precision.ts';
import type { CheckpointTensors } from './tensors.ts';
import { rowInputs, TextLayers } from './text-layers.ts';
import { pastNames, presentNames, rotatedParts } from './transformers-decoder.ts';
import type { ExternalData, StoredMatrix } from './weights.ts';

/**
 * The language model as a GPU runs it: the same weights as `decoder`, from the same files, but keys and values stay
 * on the device, in buffers that the caller makes and the graph writes its new rows into.
 *
 * Inputs: `inputs_embeds`, `rotary_cos`, `rotary_sin`, `attention_bias` and `num_logits_to_keep` as `decoder` has
 * them, the bias never showing a row what comes after it; for layer i `past_key_values.i.key`,
 * `past_key_values.i.value` [1, keyValueHeads, capacity, headSize], of which the first `total - s` rows count.
 * Outputs: `logits` as of `decoder`; `present.i.key`, `present.i.value` of the shape of the past. Given the past's own
 * buffers to write to, the operator adds the new rows in place and copies nothing.
 *
 * @param data where `decoder` has its weights; nothing is added to it
 * @param head the output matrix, which may lie in the embeddings' file
 * @param format of the layers' matrices
 */
export function buildInPlaceDecoder(
  configuration: Configuration,
  tensors: CheckpointTensors,
  data: ExternalData,
  head: StoredMatrix,
  format: MatrixFormat,
): GraphBuilder {
  const { text } = configuration;
  const graph = new GraphBuilder('decoder_in_place');
  const layers = new TextLayers(new LayerBuilder(graph, data, format), text, tensors);
  const { embeds, cos, sin, bias, keep } = rowInputs(graph, text);
  const kept = [1, text.keyValueHeads, 'capacity', text.headSize];
  for (let layer = 0; layer < text.layers; layer++) {
    for (const name of pastNames(layer)) graph.input(name, 'float', kept);
  }
  graph.output('logits', 'float', [1, 'kept', text.vocabulary]);

  const length = graph.sizeOf(cos, 0);
  const rotation = prepareRotation(graph, cos, sin, text.headSize, [1]);
  const total = graph.cast(graph.sizeOf(bias, 1), 'int32');
  const lastKey = graph.node('Sub', [total, graph.cast(graph.integerVector([1]), 'int32')]);
  const biasByHead = graph.node('Unsqueeze', [bias, graph.integerVector([0, 1])]);
  const attributes = { num_heads: text.heads, kv_num_heads: text.keyValueHeads };

  let rows = graph.reshape(embeds, [-1, text.hidden]);
  for (let layer = 0; layer < text.layers; layer++) {
    const parts = rotatedParts(graph, text, rotation, layers.queryKeyValue(layer, rows));
    const query = graph.reshape(parts.query, [1, -1, text.heads * text.headSize]);
    const [key, value] = [parts.key, parts.value].map((part) =>
      graph.reshape(part, [1, -1, text.keyValueHeads * text.headSize]),
    ) as [string, string];
    const attended = `attended.${layer}`;
    graph.nodeWithOutputs(
      'GroupQueryAttention',
      [query, key, value, ...pastNames(layer), lastKey, total, '', '', '', biasByHead],
      [attended, ...presentNames(layer)],
      { domain: 'com.microsoft', attributes },
    );
    for (const name of presentNames(layer)) graph.output(name, 'float', kept);
    const joined = graph.reshape(attended, [-1, text.heads * text.headSize]);
    rows = graph.node('Add', [rows, layers.attentionOutput(layer, joined)]);
    rows = graph.node('Add', [rows, layers.feedForward(layer, rows)]);
  }

  const first = graph.node('Sub', [length, graph.reshape(keep, [1])]);
  const last = graph.node('Slice', [rows, first, length, graph.integerVector([0])]);
  graph.node('Unsqueeze', [layers.logits(last, head), graph.integerVector([0])], { output: 'logits' });
  return graph;
}
