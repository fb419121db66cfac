import type { Configuration } from './configuration.ts';
import type { GraphBuilder } from './graph.ts';
import type { LayerBuilder } from './layers.ts';
import type { CheckpointTensors } from './tensors.ts';
import type { StoredMatrix } from './weights.ts';

/** What a decoder of format version 1 is given for each run of new rows, beside the keys and values of the past. */
export function rowInputs(graph: GraphBuilder, { hidden, headSize }: Configuration['text']) {
  return {
    embeds: graph.input('inputs_embeds', 'float', [1, 'sequence', hidden]),
    cos: graph.input('rotary_cos', 'float', ['sequence', headSize]),
    sin: graph.input('rotary_sin', 'float', ['sequence', headSize]),
    bias: graph.input('attention_bias', 'float', ['sequence', 'total']),
    keep: graph.input('num_logits_to_keep', 'int64', []),
  };
}

/**
 * What the layers of every decoder graph have in common, whichever way it attends and keeps keys and values. Rows
 * are [rows, hidden] throughout: those of a batch follow each other.
 */
export class TextLayers {
  readonly layers: LayerBuilder;
  private readonly text: Configuration['text'];
  private readonly tensors: CheckpointTensors;

  constructor(layers: LayerBuilder, text: Configuration['text'], tensors: CheckpointTensors) {
    this.layers = layers;
    this.text = text;
    this.tensors = tensors;
  }

  /** Normalised rows as queries, keys and values beside each other: [rows, (heads + 2 keyValueHeads) headSize]. */
  queryKeyValue(layer: number, rows: string): string {
    const prefix = `layers.${layer}`;
    const part = (name: string) => this.tensors.text(`${prefix}.self_attn.${name}`);
    return this.layers.linear(`${prefix}.qkv`, this.norm(`${prefix}.input_layernorm.weight`, rows), {
      weights: [part('q_proj.weight'), part('k_proj.weight'), part('v_proj.weight')],
      biases: [part('q_proj.bias'), part('k_proj.bias'), part('v_proj.bias')],
      columns: this.text.hidden,
    });
  }

  /** @param attended [rows, heads headSize] */
  attentionOutput(layer: number, attended: string): string {
    const prefix = `layers.${layer}`;
    return this.layers.linear(`${prefix}.o_proj`, attended, {
      weights: [this.tensors.text(`${prefix}.self_attn.o_proj.weight`)],
      columns: this.text.heads * this.text.headSize,
    });
  }

  feedForward(layer: number, rows: string): string {
    const prefix = `layers.${layer}`;
    const part = (name: string) => this.tensors.text(`${prefix}.mlp.${name}_proj.weight`);
    const normalised = this.norm(`${prefix}.post_attention_layernorm.weight`, rows);
    const gate = { weights: [part('gate'), part('up')], columns: this.text.hidden };
    const activated = this.layers.gatedUnit(`${prefix}.gate_up`, normalised, gate, this.text.intermediate);
    return this.layers.linear(`${prefix}.down_proj`, activated, {
      weights: [part('down')],
      columns: this.text.intermediate,
    });
  }

  /**
   * [rows, vocabulary]
   *
   * @param head the output matrix, which may lie in the embeddings' file
   */
  logits(rows: string, head: StoredMatrix): string {
    return this.layers.product('lm_head', this.norm('norm.weight', rows), head, null);
  }

  private norm(name: string, rows: string): string {
    return this.layers.rmsNorm(name, rows, this.tensors.text(name), this.text.normEpsilon);
  }
}
