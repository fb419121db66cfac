import onnxProto from 'onnx-proto';
import type { onnx as OnnxTypes } from 'onnx-proto';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;

const elementTypes = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
} as const;
export type SmallElementType = keyof typeof elementTypes;

export interface SmallValue {
  readonly name: string;
  readonly type: SmallElementType;
  /** Axes; their sizes are open. */
  readonly rank: number;
}

/** An ONNX model of one node, for what the engine asks of a device apart from the model's own graphs. */
export function oneNodeGraph(
  operator: string,
  inputs: readonly SmallValue[],
  output: SmallValue,
  attributes: Readonly<Record<string, number>> = {},
): Uint8Array {
  return model({
    name: operator,
    node: [
      {
        opType: operator,
        input: inputs.map(({ name }) => name),
        output: [output.name],
        attribute: integers(attributes),
      },
    ],
    input: [...new Map(inputs.map((input) => [input.name, input])).values()].map(valueInfo),
    output: [valueInfo(output)],
  });
}

/** `x` [1, 1] spread over a square matrix, multiplied by itself `products` times; `y` [1, 1] is its largest value. */
export function chainOfProducts(size: number, products: number): Uint8Array {
  const square = (index: number): string => `square_${index}`;
  const steps = Array.from({ length: products }, (_, index) => ({
    opType: 'MatMul',
    input: [square(index), square(0)],
    output: [square(index + 1)],
  }));
  return model({
    name: 'products',
    node: [
      { opType: 'Expand', input: ['x', 'shape'], output: [square(0)] },
      ...steps,
      { opType: 'ReduceMax', input: [square(products)], output: ['y'] },
    ],
    initializer: [{ name: 'shape', dataType: DataType.INT64, dims: [2], int64Data: [size, size] }],
    input: [valueInfo({ name: 'x', type: 'float32', rank: 2 })],
    output: [valueInfo({ name: 'y', type: 'float32', rank: 2 })],
  });
}

/**
 * onnxruntime's `GroupQueryAttention` alone, as a decoder in place has it: `query` [1, s, heads headSize], `key` and
 * `value` [1, s, keyValueHeads headSize], `past_key` and `past_value` [1, keyValueHeads, rows, headSize], `last_key`
 * and `total` int32 [1], `bias` [1, 1, s, total]; `attended` as the query, `present_key`, `present_value`.
 */
export function attentionGraph(heads: number, keyValueHeads: number): Uint8Array {
  const value = (name: string, rank: number, type: SmallElementType = 'float32'): OnnxTypes.IValueInfoProto =>
    valueInfo({ name, type, rank });
  const inputs = ['query', 'key', 'value', 'past_key', 'past_value', 'last_key', 'total'];
  const outputs = ['attended', 'present_key', 'present_value'];
  return model({
    name: 'attention',
    node: [
      {
        opType: 'GroupQueryAttention',
        domain: 'com.microsoft',
        input: [...inputs, '', '', '', 'bias'],
        output: outputs,
        attribute: integers({ num_heads: heads, kv_num_heads: keyValueHeads }),
      },
    ],
    input: [
      ...inputs.slice(0, 3).map((name) => value(name, 3)),
      ...inputs.slice(3, 5).map((name) => value(name, 4)),
      ...inputs.slice(5).map((name) => value(name, 1, 'int32')),
      value('bias', 4),
    ],
    output: outputs.map((name, index) => value(name, index === 0 ? 3 : 4)),
  });
}

function model(graph: OnnxTypes.IGraphProto): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 10,
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph,
  }).finish();
}

function valueInfo({ name, type, rank }: SmallValue): OnnxTypes.IValueInfoProto {
  const dim = Array.from({ length: rank }, (_, axis) => ({ dimParam: `${name}_${axis}` }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

function integers(attributes: Readonly<Record<string, number>>): OnnxTypes.IAttributeProto[] {
  const type = onnx.AttributeProto.AttributeType.INT;
  return Object.entries(attributes).map(([name, value]) => ({ name, type, i: value }));
}
