import onnxProto from 'onnx-proto';
import type { onnx as OnnxTypes } from 'onnx-proto';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;

const elementTypes = { float32: DataType.FLOAT, float16: DataType.FLOAT16, int64: DataType.INT64 } as const;
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
        attribute: Object.entries(attributes).map(([name, value]) => ({
          name,
          type: onnx.AttributeProto.AttributeType.INT,
          i: value,
        })),
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

function model(graph: OnnxTypes.IGraphProto): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 10,
    opsetImport: [{ domain: '', version: 21 }],
    graph,
  }).finish();
}

function valueInfo({ name, type, rank }: SmallValue): OnnxTypes.IValueInfoProto {
  const dim = Array.from({ length: rank }, (_, axis) => ({ dimParam: `${name}_${axis}` }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}
