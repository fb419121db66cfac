import onnxProto from 'onnx-proto';
import type { onnx as OnnxTypes } from 'onnx-proto';

const { onnx } = onnxProto;
const { TensorProto, AttributeProto } = onnx;

/** Where an initializer's bytes lie: a file beside the graph, and the bytes within it. */
export interface ExternalLocation {
  file: string;
  offset: number;
  bytes: number;
}

export const elementTypes = {
  float: TensorProto.DataType.FLOAT,
  float16: TensorProto.DataType.FLOAT16,
  uint8: TensorProto.DataType.UINT8,
  int32: TensorProto.DataType.INT32,
  int64: TensorProto.DataType.INT64,
  bool: TensorProto.DataType.BOOL,
} as const;
export type ElementType = keyof typeof elementTypes;

/** A float attribute; plain numbers are integers, as shapes and axes are. */
export interface FloatAttribute {
  float: number;
}
type AttributeValue = number | number[] | string | FloatAttribute | GraphBuilder;

export interface NodeOptions {
  attributes?: Record<string, AttributeValue>;
  domain?: 'com.microsoft';
  /** Names the single output; without it the output gets a name of its own. */
  output?: string;
}

/**
 * Puts an ONNX graph together, one node at a time. Values are known by their names, which methods return and
 * take. Weights are not held: they are named with their place in an external file.
 */
export class GraphBuilder {
  readonly name: string;
  private readonly nodes: OnnxTypes.INodeProto[] = [];
  private readonly inputs: OnnxTypes.IValueInfoProto[] = [];
  private readonly outputs: OnnxTypes.IValueInfoProto[] = [];
  private readonly initializers: OnnxTypes.ITensorProto[] = [];
  private readonly integers = new Map<string, string>();
  /** Before the names of values, so that those of a branch are not the graph's. */
  private readonly prefix: string;
  private counter = 0;

  constructor(name: string, prefix = '') {
    this.name = name;
    this.prefix = prefix;
  }

  /** @param shape numbers, or names for sizes that a run decides */
  input(name: string, type: ElementType, shape: (number | string)[]): string {
    this.inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: (number | string)[]): void {
    this.outputs.push(valueInfo(name, type, shape));
  }

  /** An int64 vector: shapes, axes, split sizes. The same values are stored once. */
  integerVector(values: number[]): string {
    const key = values.join('_').replaceAll('-', 'minus');
    const known = this.integers.get(key);
    if (known) return known;
    const name = `integers.${key}`;
    const raw = new BigInt64Array(values.map(BigInt));
    this.initializers.push({
      name,
      dataType: elementTypes.int64,
      dims: [values.length],
      rawData: new Uint8Array(raw.buffer),
    });
    this.integers.set(key, name);
    return name;
  }

  /** A single int64, of shape []. */
  integer(value: number): string {
    const key = `scalar_${value}`.replace('-', 'minus');
    const known = this.integers.get(key);
    if (known) return known;
    const name = `integers.${key}`;
    const rawData = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    this.initializers.push({ name, dataType: elementTypes.int64, dims: [], rawData });
    this.integers.set(key, name);
    return name;
  }

  /** A single float, of shape []. A name stands for one value. */
  floatConstant(name: string, value: number): string {
    return this.floats(name, Float32Array.of(value), []);
  }

  /** A few floats, kept in the graph itself. A name stands for one content. */
  floats(name: string, values: Float32Array, shape: number[] = [values.length]): string {
    if (this.initializers.some((known) => known.name === name)) return name;
    const rawData = new Uint8Array(values.slice().buffer);
    this.initializers.push({ name, dataType: elementTypes.float, dims: shape, rawData });
    return name;
  }

  /** A weight whose bytes lie in an external file. */
  weight(name: string, type: ElementType, shape: number[], location: ExternalLocation): string {
    this.initializers.push({
      name,
      dataType: elementTypes[type],
      dims: shape,
      dataLocation: TensorProto.DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: location.file },
        { key: 'offset', value: String(location.offset) },
        { key: 'length', value: String(location.bytes) },
      ],
    });
    return name;
  }

  /** Adds a node with one output and returns that output's name. An input '' is one left out. */
  node(operator: string, inputs: string[], options: NodeOptions = {}): string {
    const output = options.output ?? this.freshName(operator);
    this.add(operator, inputs, [output], options);
    return output;
  }

  /** Adds a node whose several outputs have names of one's own choice; '' leaves one out. */
  nodeWithOutputs(operator: string, inputs: string[], outputs: string[], options: NodeOptions = {}): void {
    this.add(operator, inputs, outputs, options);
  }

  /**
   * Runs one of two branches, as a bool of shape [] in the run says. Both see every value of this graph, and end in as
   * many values of 32-bit floats, which this returns.
   */
  either(
    condition: string,
    then: (branch: GraphBuilder) => string[],
    otherwise: (branch: GraphBuilder) => string[],
  ): string[] {
    const base = this.freshName('If');
    const branch = (name: string, build: (branch: GraphBuilder) => string[]): GraphBuilder => {
      const graph = new GraphBuilder(`${base}.${name}`, `${base}.${name}.`);
      for (const value of build(graph)) graph.outputs.push(valueInfo(value, 'float'));
      return graph;
    };
    const [first, second] = [branch('then', then), branch('else', otherwise)];
    const outputs = first.outputs.map((_, index) => `${base}.${index}`);
    this.add('If', [condition], outputs, { attributes: { then_branch: first, else_branch: second } });
    return outputs;
  }

  /** Splits along an axis into parts of known sizes. `names` gives the parts names of one's own choice. */
  split(value: string, sizes: number[], axis: number, names: Record<number, string> = {}): string[] {
    const outputs = sizes.map((_, index) => names[index] ?? this.freshName('Split'));
    this.add('Split', [value, this.integerVector(sizes)], outputs, { attributes: { axis } });
    return outputs;
  }

  /** Splits along an axis into `count` parts, where an int64 vector of the run holds their sizes. */
  splitBy(value: string, sizes: string, count: number, axis: number): string[] {
    const outputs = Array.from({ length: count }, () => this.freshName('Split'));
    this.add('Split', [value, sizes], outputs, { attributes: { axis } });
    return outputs;
  }

  /** As splitBy, in two. */
  splitInTwo(value: string, sizes: string, axis: number): [string, string] {
    return this.splitBy(value, sizes, 2, axis) as [string, string];
  }

  concat(values: string[], axis: number): string {
    return this.node('Concat', values, { attributes: { axis } });
  }

  /** @param shape one size may be -1: what is left */
  reshape(value: string, shape: number[]): string {
    return this.node('Reshape', [value, this.integerVector(shape)]);
  }

  transpose(value: string, permutation: number[], output?: string): string {
    return this.node('Transpose', [value], { attributes: { perm: permutation }, ...(output && { output }) });
  }

  /** The size of one axis, as an int64 vector of length 1. */
  sizeOf(value: string, axis: number): string {
    return this.node('Shape', [value], { attributes: { start: axis, end: axis + 1 } });
  }

  cast(value: string, type: ElementType): string {
    return this.node('Cast', [value], { attributes: { to: elementTypes[type] } });
  }

  /** x * sigmoid(x) */
  silu(value: string): string {
    return this.node('Mul', [value, this.node('Sigmoid', [value])]);
  }

  serialise(): Uint8Array {
    return onnx.ModelProto.encode({
      irVersion: 10,
      producerName: 'surgery-r1-workstation',
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: this.proto(),
    }).finish();
  }

  proto(): OnnxTypes.IGraphProto {
    return {
      name: this.name,
      node: this.nodes,
      input: this.inputs,
      output: this.outputs,
      initializer: this.initializers,
    };
  }

  private add(operator: string, inputs: string[], outputs: string[], options: NodeOptions): void {
    this.nodes.push({
      name: `${outputs[0]}/${operator}`,
      opType: operator,
      input: inputs,
      output: outputs,
      ...(options.domain && { domain: options.domain }),
      attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
    });
  }

  private freshName(operator: string): string {
    this.counter += 1;
    return `${this.prefix}${operator.toLowerCase()}_${this.counter}`;
  }
}

function attribute(name: string, value: AttributeValue): OnnxTypes.IAttributeProto {
  const { AttributeType } = AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: Buffer.from(value) };
  if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value };
  if (value instanceof GraphBuilder) return { name, type: AttributeType.GRAPH, g: value.proto() };
  return { name, type: AttributeType.FLOAT, f: value.float };
}

/** @param shape left open where it is missing */
function valueInfo(name: string, type: ElementType, shape?: (number | string)[]): OnnxTypes.IValueInfoProto {
  const dim = shape?.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], ...(dim && { shape: { dim } }) } } };
}
