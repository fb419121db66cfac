import type { ExternalLocation, GraphBuilder } from './graph.ts';
import { blockSize } from './quantisation.ts';
import type { StoredTensor } from './safetensors.ts';
import type { ExternalData, StoredMatrix } from './weights.ts';

/** One or more linear layers on the same input, computed as one: their rows, and biases, follow each other. */
export interface LinearTensors {
  weights: StoredTensor[];
  biases?: StoredTensor[];
  /** Values in a row of the input. */
  columns: number;
}

/** Adds layers to a graph and places their weights in its external file. Rows are [rows, columns] throughout. */
export class LayerBuilder {
  readonly graph: GraphBuilder;
  private readonly data: ExternalData;
  private readonly dtype: 'fp32' | 'q8';

  constructor(graph: GraphBuilder, data: ExternalData, dtype: 'fp32' | 'q8') {
    this.graph = graph;
    this.data = data;
    this.dtype = dtype;
  }

  /** rows times the matrix transposed, plus the bias, as PyTorch's Linear; in the model's own precision. */
  linear(name: string, rows: string, tensors: LinearTensors): string {
    const matrix = this.data.matrix(tensors.weights, tensors.columns, this.dtype);
    return this.product(name, rows, matrix, tensors.biases ? this.data.floats(tensors.biases) : null);
  }

  /** As linear, with 32-bit weights in every model. */
  exactLinear(name: string, rows: string, tensors: LinearTensors): string {
    const matrix = this.data.matrix(tensors.weights, tensors.columns, 'fp32');
    return this.product(name, rows, matrix, tensors.biases ? this.data.floats(tensors.biases) : null);
  }

  /** As linear, with a matrix that has its place already. It stays [out, in], so nothing is ever transposed. */
  product(name: string, rows: string, matrix: StoredMatrix, bias: ExternalLocation | null): string {
    const biasName = bias ? this.graph.weight(`${name}.bias`, 'float', [matrix.rows], bias) : '';
    if (matrix.kind === 'fp32') {
      const shape = [matrix.rows, matrix.columns];
      const weight = this.graph.weight(`${name}.weight`, 'float', shape, matrix.values);
      const inputs = bias ? [rows, weight, biasName] : [rows, weight];
      return this.graph.node('Gemm', inputs, { attributes: { transB: 1 } });
    }
    const { values, scales } = quantisedWeights(this.graph, name, matrix);
    // Accuracy level 4 lets a CPU multiply in 8 bits, activations included. Below it, onnxruntime 1.30 turns the
    // whole matrix into floats at every run, and a decoded token takes 19 times as long as with fp32.
    return this.graph.node('MatMulNBits', [rows, values, scales, ...(bias ? ['', '', biasName] : [])], {
      domain: 'com.microsoft',
      attributes: { K: matrix.columns, N: matrix.rows, bits: 8, block_size: blockSize, accuracy_level: 4 },
    });
  }

  /** Root mean square normalisation over the last axis, always in 32 bits, as Hugging Face computes it. */
  rmsNorm(name: string, rows: string, tensor: StoredTensor, epsilon: number): string {
    const weight = this.graph.weight(name, 'float', tensor.shape, this.data.floats([tensor]));
    return this.graph.node('SimplifiedLayerNormalization', [rows, weight], {
      attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
    });
  }

  /** silu(gate(x)) * up(x), both from one product. */
  gatedUnit(name: string, rows: string, tensors: LinearTensors, width: number): string {
    const both = this.linear(name, rows, tensors);
    const [gate, up] = this.graph.split(both, [width, width], 1) as [string, string];
    return this.graph.node('Mul', [this.graph.silu(gate), up]);
  }
}

/** Names a quantised matrix: values [rows, blocks, 32] around 128, scales [rows, blocks]. */
export function quantisedWeights(
  graph: GraphBuilder,
  name: string,
  matrix: StoredMatrix & { kind: 'q8' },
): { values: string; scales: string } {
  const blocks = Math.ceil(matrix.columns / blockSize);
  return {
    values: graph.weight(`${name}.weight_q8`, 'uint8', [matrix.rows, blocks, blockSize], matrix.values),
    scales: graph.weight(`${name}.weight_scales`, 'float', [matrix.rows, blocks], matrix.scales),
  };
}

/**
 * What rotary embedding needs of a run, made once: `cos`, and `sin` with its first half negated, so that
 * x * cos + rotate_half(x) * sin takes a swap of halves and no negation.
 */
export interface Rotation {
  cos: string;
  signedSin: string;
  headSize: number;
}

/**
 * @param cos, sin [rows, headSize], halves repeated
 * @param axes where axes of size 1 go, so that both broadcast over heads
 */
export function prepareRotation(
  graph: GraphBuilder,
  cos: string,
  sin: string,
  headSize: number,
  axes: number[],
): Rotation {
  const [low, high] = graph.split(sin, [headSize / 2, headSize / 2], 1) as [string, string];
  const signed = graph.concat([graph.node('Neg', [low]), high], 1);
  const where = graph.integerVector(axes);
  return {
    cos: graph.node('Unsqueeze', [cos, where]),
    signedSin: graph.node('Unsqueeze', [signed, where]),
    headSize,
  };
}

/** Rotates the last of `rank` axes of a value (Hugging Face's apply_rotary_pos_emb). */
export function rotate(graph: GraphBuilder, value: string, rotation: Rotation, rank: number): string {
  const half = rotation.headSize / 2;
  const [low, high] = graph.split(value, [half, half], rank - 1) as [string, string];
  const swapped = graph.concat([high, low], rank - 1);
  return graph.node('Add', [
    graph.node('Mul', [value, rotation.cos]),
    graph.node('Mul', [swapped, rotation.signedSin]),
  ]);
}
