import { elementTypes } from './graph.ts';
import type { ExternalLocation, GraphBuilder } from './graph.ts';
import type { BlockFormat, MatrixFormat } from './choices/precision.ts';
import type { StoredTensor } from './safetensors.ts';
import type { ExternalData, MatrixPart, StoredMatrix } from './weights.ts';

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
  private readonly format: MatrixFormat;

  constructor(graph: GraphBuilder, data: ExternalData, format: MatrixFormat) {
    this.graph = graph;
    this.data = data;
    this.format = format;
  }

  /** rows times the matrix transposed, plus the bias, as PyTorch's Linear; in the model's own precision. */
  linear(name: string, rows: string, tensors: LinearTensors): string {
    const matrix = this.data.matrix(tensors.weights, tensors.columns, this.format);
    return this.product(name, rows, matrix, tensors.biases ? this.data.floats(tensors.biases) : null);
  }

  /** As linear, with 32-bit weights in every model. */
  exactLinear(name: string, rows: string, tensors: LinearTensors): string {
    const matrix = this.data.matrix(tensors.weights, tensors.columns, { kind: 'fp32' });
    return this.product(name, rows, matrix, tensors.biases ? this.data.floats(tensors.biases) : null);
  }

  /**
   * As linear, with a matrix that has its place already. It stays [out, in], so nothing is ever transposed. A
   * matrix in parts is multiplied part by part.
   */
  product(name: string, rows: string, matrix: StoredMatrix, bias: ExternalLocation | null): string {
    const biasName = bias ? this.graph.weight(`${name}.bias`, 'float', [matrix.rows], bias) : '';
    if (matrix.parts.length === 1) return this.partProduct(name, rows, matrix, matrix.parts[0]!, biasName);
    const products = matrix.parts.map((part, index) =>
      this.partProduct(`${name}.part_${index}`, rows, matrix, part, ''),
    );
    const joined = this.graph.concat(products, 1);
    return bias ? this.graph.node('Add', [joined, biasName]) : joined;
  }

  private partProduct(
    name: string,
    rows: string,
    { format, columns }: StoredMatrix,
    part: MatrixPart,
    bias: string,
  ): string {
    if (format.kind !== 'blocks') {
      const weight = floatWeight(this.graph, name, format, [part.rows, columns], part);
      const inputs = bias ? [rows, weight, bias] : [rows, weight];
      return this.graph.node('Gemm', inputs, { attributes: { transB: 1 } });
    }
    const { bits, blockSize } = format;
    const shape = [part.rows, Math.ceil(columns / blockSize), (blockSize * bits) / 8];
    const { values, scales } = blockWeights(this.graph, name, format, shape, part);
    // Accuracy level 4 lets a CPU multiply in 8 bits, activations included. Below it, onnxruntime 1.30 turns the
    // whole matrix into floats at every run, and a decoded token takes 19 times as long as with fp32.
    return this.graph.node('MatMulNBits', [rows, values, scales, ...(bias ? ['', '', bias] : [])], {
      domain: 'com.microsoft',
      attributes: { K: columns, N: part.rows, bits, block_size: blockSize, accuracy_level: 4 },
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

/**
 * Names a matrix of floats. Half floats are widened when the model is opened, and all arithmetic is done in 32
 * bits: values inside Qwen2.5-VL grow beyond what a half float holds, not every GPU computes in half precision,
 * and no x64 CPU does so faster.
 */
export function floatWeight(
  graph: GraphBuilder,
  name: string,
  format: MatrixFormat,
  shape: number[],
  { values }: MatrixPart,
): string {
  if (format.kind === 'fp32') return graph.weight(`${name}.weight`, 'float', shape, values);
  const halves = graph.weight(`${name}.weight_fp16`, 'float16', shape, values);
  return graph.node('Cast', [halves], { attributes: { to: elementTypes.float } });
}

/** Names a matrix in blocks: values under the shape that an operator wants, scales [rows, blocks]. */
export function blockWeights(
  graph: GraphBuilder,
  name: string,
  { bits }: BlockFormat,
  shape: number[],
  part: MatrixPart,
): { values: string; scales: string } {
  const scales = part.scales!;
  return {
    values: graph.weight(`${name}.weight_${bits}bit`, 'uint8', shape, part.values),
    scales: graph.weight(`${name}.weight_scales`, 'float', [part.rows, scales.bytes / 4 / part.rows], scales),
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
