import type { Configuration } from './configuration.ts';
import { elementTypes, GraphBuilder } from './graph.ts';
import { blockWeights, floatWeight } from './layers.ts';
import { rowBytes } from './choices/precision.ts';
import type { MatrixPart, StoredMatrix } from './weights.ts';

/**
 * The token embeddings. Input: `input_ids` int64 [batch, s]. Output: `inputs_embeds` [batch, s, hidden].
 *
 * @param embeddings [vocabulary, hidden]; rows in blocks are turned back into floats as they are gathered
 * @param batch its size, or a name where a run decides it
 */
export function buildEmbedTokens(
  { text }: Configuration,
  embeddings: StoredMatrix,
  batch: number | string = 1,
): GraphBuilder {
  const graph = new GraphBuilder('embed_tokens');
  const ids = graph.input('input_ids', 'int64', [batch, 'sequence']);
  graph.output('inputs_embeds', 'float', [batch, 'sequence', text.hidden]);
  const { parts } = embeddings;
  const found = parts.map((part, index) => {
    const name = parts.length === 1 ? 'embed_tokens' : `embed_tokens.part_${index}`;
    return gather(graph, name, embeddings, part, parts.length === 1 ? ids : within(graph, ids, part));
  });
  // Ids below a part's first row are taken from the parts before it.
  const rows = found.reduce((before, these, index) => {
    const first = graph.integerVector([parts[index]!.firstRow]);
    const isBefore = graph.node('Unsqueeze', [graph.node('Less', [ids, first]), graph.integerVector([2])]);
    return graph.node('Where', [isBefore, before, these]);
  });
  graph.node('Identity', [rows], { output: 'inputs_embeds' });
  return graph;
}

/** Ids as rows of a part; those of other parts become some row of this one. */
function within(graph: GraphBuilder, ids: string, part: MatrixPart): string {
  const moved = graph.node('Sub', [ids, graph.integerVector([part.firstRow])]);
  const least = graph.node('Max', [moved, graph.integerVector([0])]);
  return graph.node('Min', [least, graph.integerVector([part.rows - 1])]);
}

function gather(
  graph: GraphBuilder,
  name: string,
  { format, columns }: StoredMatrix,
  part: MatrixPart,
  ids: string,
): string {
  if (format.kind === 'fp32') {
    const weight = floatWeight(graph, name, format, [part.rows, columns], part);
    return graph.node('Gather', [weight, ids], { attributes: { axis: 0 } });
  }
  if (format.kind === 'fp16') {
    // Widened after the lookup: otherwise the whole table would be.
    const halves = graph.weight(`${name}.weight_fp16`, 'float16', [part.rows, columns], part.values);
    const rows = graph.node('Gather', [halves, ids], { attributes: { axis: 0 } });
    return graph.node('Cast', [rows], { attributes: { to: elementTypes.float } });
  }
  const { bits, blockSize } = format;
  const shape = [part.rows, rowBytes(format, columns).values];
  const { values, scales } = blockWeights(graph, name, format, shape, part);
  const rows = graph.node('GatherBlockQuantized', [values, ids, scales], {
    domain: 'com.microsoft',
    attributes: { gather_axis: 0, quantize_axis: 1, block_size: blockSize, bits },
  });
  if (columns % blockSize === 0) return rows;
  // A last block that isn't full ends in padding, which is cut off here.
  const [begin, end, axis] = [0, columns, 2].map((value) => graph.integerVector([value]));
  return graph.node('Slice', [rows, begin!, end!, axis!]);
}
