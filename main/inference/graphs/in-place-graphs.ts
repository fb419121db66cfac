import { readNode } from '../onnx/onnx-nodes.ts';
import { graphProto, type OnnxSkeleton } from '../onnx/onnx-skeleton.ts';
import { readFields } from '../onnx/onnx-wire.ts';

/** Inputs and outputs of onnxruntime's GroupQueryAttention that are keys and values. */
const operator = 'GroupQueryAttention';
const pastInputs = { key: 3, value: 4 } as const;
const presentOutputs = { key: 1, value: 2 } as const;

/**
 * Whether a decoder's keys and values are read and written by GroupQueryAttention and nothing else, which can do so in
 * place: then its past may be a buffer with more rows than count, since nobody asks for its size.
 */
export function attendsInPlace({ graph }: Pick<OnnxSkeleton, 'graph'>, layers: number): boolean {
  const nodes = readFields(graph)
    .filter(({ number }) => number === graphProto.node)
    .map(({ bytes, whole }) => readNode(bytes, whole));
  // A graph inside a node may use any value by its name.
  if (nodes.some(({ branches }) => branches)) return false;
  const readers = new Map<string, string[]>();
  const writers = new Map<string, string>();
  nodes.forEach((node, index) => {
    node.inputs.forEach((name, place) => {
      readers.set(name, [...(readers.get(name) ?? []), `${node.operator} ${index} ${place}`]);
    });
    node.outputs.forEach((name, place) => writers.set(name, `${node.operator} ${index} ${place}`));
  });
  return Array.from({ length: layers }, (_, layer) => layer).every((layer) =>
    (['key', 'value'] as const).every((kind) => {
      const index = nodes.findIndex(({ outputs }) => outputs.includes(`present.${layer}.${kind}`));
      return (
        writers.get(`present.${layer}.${kind}`) === `${operator} ${index} ${presentOutputs[kind]}` &&
        readers.get(`past_key_values.${layer}.${kind}`)?.join() === `${operator} ${index} ${pastInputs[kind]}`
      );
    }),
  );
}
