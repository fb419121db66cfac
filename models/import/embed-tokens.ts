import type { Configuration } from './configuration.ts';
import { GraphBuilder } from './graph.ts';
import { quantisedWeights } from './layers.ts';
import { blockSize, zeroPoint } from './quantisation.ts';
import type { StoredMatrix } from './weights.ts';

/**
 * The token embeddings. Input: `input_ids` int64 [1, s]. Output: `inputs_embeds` [1, s, hidden].
 *
 * @param embeddings [vocabulary, hidden]; rows in 8 bits are turned back into floats as they are gathered
 */
export function buildEmbedTokens({ text }: Configuration, embeddings: StoredMatrix): GraphBuilder {
  const graph = new GraphBuilder('embed_tokens');
  const ids = graph.input('input_ids', 'int64', [1, 'sequence']);
  graph.output('inputs_embeds', 'float', [1, 'sequence', text.hidden]);
  const name = 'embed_tokens';
  if (embeddings.kind === 'fp32') {
    const shape = [text.vocabulary, text.hidden];
    const weight = graph.weight(`${name}.weight`, 'float', shape, embeddings.values);
    graph.node('Gather', [weight, ids], { attributes: { axis: 0 }, output: 'inputs_embeds' });
    return graph;
  }
  const { values, scales } = quantisedWeights(graph, name, embeddings);
  const rows = graph.node('Gather', [values, ids], { attributes: { axis: 0 } });
  const steps = graph.node('Sub', [
    graph.node('Cast', [rows], { attributes: { to: 1 } }),
    graph.floatConstant('zero_point', zeroPoint),
  ]);
  const rowScales = graph.node('Gather', [scales, ids], { attributes: { axis: 0 } });
  const blocks = graph.node('Mul', [steps, graph.node('Unsqueeze', [rowScales, graph.integerVector([3])])]);
  // A last block that isn't full ends in padding, which is cut off here.
  const padded = graph.node('Reshape', [
    blocks,
    graph.integerVector([1, -1, Math.ceil(text.hidden / blockSize) * blockSize]),
  ]);
  graph.node(
    'Slice',
    [padded, graph.integerVector([0]), graph.integerVector([text.hidden]), graph.integerVector([2])],
    { output: 'inputs_embeds' },
  );
  return graph;
}
