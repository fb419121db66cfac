import {
  bytesField,
  firstText,
  messageField,
  readFields,
  textField,
  textsOf,
  varintField,
  type WireField,
} from './onnx-wire.ts';

/** A node of a graph: what changing the graph around it has to know. */
export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whether it holds graphs of its own, which may take any value by its name. */
  readonly branches: boolean;
  /** As it stands in the graph. */
  readonly whole: Uint8Array;
}

const nodeProto = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;
const attributeProto = { name: 1, integer: 3, graph: 6, integers: 8, graphs: 11, type: 20 } as const;
const graphNode = 1;
const graphInitializer = 5;
const integerAttribute = 2;
/** Of onnx.proto3's TensorProto. */
export const int64Type = 7;

/** @param message the bytes of a NodeProto */
export function readNode(message: Uint8Array, whole: Uint8Array): OnnxNode {
  const fields = readFields(message);
  return {
    operator: firstText(fields, nodeProto.operator),
    domain: firstText(fields, nodeProto.domain),
    inputs: textsOf(fields, nodeProto.input),
    outputs: textsOf(fields, nodeProto.output),
    branches: fields.some(
      ({ number, bytes }) =>
        number === nodeProto.attribute &&
        readFields(bytes).some((part) =>
          [attributeProto.graph, attributeProto.graphs].some((graph) => graph === part.number),
        ),
    ),
    whole,
  };
}

/** A node of ONNX's own operators, as a field of a graph. */
export function newNode(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, number>> = {},
): Uint8Array {
  return messageField(graphNode, [
    ...inputs.map((name) => textField(nodeProto.input, name)),
    ...outputs.map((name) => textField(nodeProto.output, name)),
    textField(nodeProto.name, `${outputs[0]}/${operator}`),
    textField(nodeProto.operator, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      messageField(nodeProto.attribute, [
        textField(attributeProto.name, name),
        varintField(attributeProto.integer, value),
        varintField(attributeProto.type, integerAttribute),
      ]),
    ),
  ]);
}

/** The same node with one input taken from elsewhere. */
export function withInput({ whole }: OnnxNode, index: number, name: string): Uint8Array {
  const [node] = readFields(whole);
  let input = 0;
  return messageField(
    graphNode,
    readFields(node!.bytes).map((field) => {
      if (field.number !== nodeProto.input) return field.whole;
      input += 1;
      return input - 1 === index ? textField(nodeProto.input, name) : field.whole;
    }),
  );
}

/** An initializer int64 `[values]`, as a field of a graph. */
export function integerVector(name: string, values: readonly number[]): Uint8Array {
  const raw = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => raw.setBigInt64(index * 8, BigInt(value), true));
  return messageField(graphInitializer, [
    varintField(1, values.length),
    varintField(2, int64Type),
    textField(8, name),
    bytesField(9, new Uint8Array(raw.buffer)),
  ]);
}

/** Declares an input or an output of a graph; a size that a run decides has a name. */
export function valueInfo(
  field: number,
  name: string,
  elementType: number,
  shape: readonly (number | string)[],
): Uint8Array {
  const sizes = shape.map((size) =>
    messageField(1, [typeof size === 'number' ? varintField(1, size) : textField(2, size)]),
  );
  const tensor = [varintField(1, elementType), messageField(2, sizes)];
  return messageField(field, [textField(1, name), messageField(2, [messageField(1, tensor)])]);
}

/** A value that a graph declares; type 0 where it is no tensor. */
export interface DeclaredValue {
  readonly name: string;
  readonly elementType: number;
  /** A size that a run decides has a name, or an empty one. */
  readonly shape: readonly (number | string)[];
}

/** @param message the bytes of a ValueInfoProto */
export function readValueInfo(message: Uint8Array): DeclaredValue {
  const fields = readFields(message);
  const inner = (of: readonly WireField[], number: number): WireField[] =>
    readFields(of.find((field) => field.number === number)?.bytes ?? new Uint8Array(0));
  const tensor = inner(inner(fields, 2), 1);
  const sizes = inner(tensor, 2).filter(({ number }) => number === 1);
  return {
    name: firstText(fields, 1),
    elementType: tensor.find(({ number }) => number === 1)?.value ?? 0,
    shape: sizes.map(({ bytes }) => {
      const size = readFields(bytes);
      return size.find(({ number }) => number === 1)?.value ?? firstText(size, 2);
    }),
  };
}
