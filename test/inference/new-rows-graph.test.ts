import onnxProto from 'onnx-proto';
import type { onnx as OnnxTypes } from 'onnx-proto';
import { InferenceSession, Tensor } from '../../main/inference/onnx-runtime.ts';
import { describe, expect, test } from 'vitest';
import { editForNewRows, NotEditable } from '../../main/inference/graphs/new-rows-graph.ts';
import { modelOf, type OnnxSkeleton } from '../../main/inference/onnx/onnx-skeleton.ts';
import { concatenate, readFields, readHead, varintField } from '../../main/inference/onnx/onnx-wire.ts';
import { randomNumbers } from '../../preload/contract/random-numbers.ts';
import { largestDifference } from './golden.ts';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

const shape = { layers: 1, keyValueHeads: 2, headSize: 4 };
const [hidden, vocabulary] = [8, 11];
/** Without a word about initializers that a toy does not use. */
const quiet = { logSeverityLevel: 3 } as const;

interface Toy {
  readonly opset?: number;
  readonly keyValueHeads?: number;
  /** Whether something else than Concat wants the past as it is. */
  readonly pastIsAsked?: boolean;
  /** Whether what is joined goes through another node before it comes out. */
  readonly veiled?: boolean;
  readonly castLogits?: boolean;
  readonly branches?: boolean;
}

/**
 * A decoder with one layer and nothing that it does not need: keys and values are slices of what comes in, every row
 * sees every key, and the logits are a product with the sum.
 */
function toyModel(toy: Toy = {}): OnnxTypes.IModelProto {
  const heads = toy.keyValueHeads ?? shape.keyValueHeads;
  const size = hidden / heads;
  const node = (
    opType: string,
    input: string[],
    output: string[],
    attribute: OnnxTypes.IAttributeProto[] = [],
  ): OnnxTypes.INodeProto => ({ opType, input, output, attribute, name: `the ${output[0]}` });
  const integer = (name: string, i: number): OnnxTypes.IAttributeProto => ({
    name,
    type: AttributeType.INT,
    i,
  });
  const order = (ints: number[]): OnnxTypes.IAttributeProto => ({
    name: 'perm',
    type: AttributeType.INTS,
    ints,
  });
  const value = (name: string, sizes: (string | number)[], elemType: number = DataType.FLOAT) => ({
    name,
    type: {
      tensorType: {
        elemType,
        shape: { dim: sizes.map((s) => (typeof s === 'number' ? { dimValue: s } : { dimParam: s })) },
      },
    },
  });
  const random = randomNumbers(7);
  const weight = Float32Array.from({ length: hidden * vocabulary }, () => random() - 0.5);
  const past = ['batch', heads, 'past', size];
  const joined = (kind: string, output: string): OnnxTypes.INodeProto[] =>
    toy.veiled === true
      ? [
          node('Concat', [`past_key_values.0.${kind}`, 'new'], [`joined ${kind}`], [integer('axis', 2)]),
          node('Identity', [`joined ${kind}`], [output]),
        ]
      : [node('Concat', [`past_key_values.0.${kind}`, 'new'], [output], [integer('axis', 2)])];
  const scalar = { name: 'yes', dataType: DataType.BOOL, dims: [], rawData: Uint8Array.of(1) };
  const branch = (taken: string) => ({
    name: taken,
    node: [node('Identity', [taken], [`${taken} seen`])],
    output: [value(`${taken} seen`, past)],
  });
  return {
    irVersion: 8,
    producerName: 'a test',
    opsetImport: [{ domain: '', version: toy.opset ?? 21 }],
    graph: {
      name: 'toy',
      node: [
        node('Reshape', ['inputs_embeds', 'heads'], ['by head']),
        node('Transpose', ['by head'], ['new'], [order([0, 2, 1, 3])]),
        ...joined('key', 'present.0.key'),
        ...joined('value', 'present.0.value'),
        node('Transpose', ['present.0.key'], ['keys'], [order([0, 1, 3, 2])]),
        node('MatMul', ['new', 'keys'], ['scores']),
        node('Softmax', ['scores'], ['weights'], [integer('axis', -1)]),
        node('MatMul', ['weights', 'present.0.value'], ['attended']),
        node('Transpose', ['attended'], ['rows by head'], [order([0, 2, 1, 3])]),
        node('Reshape', ['rows by head', 'rows'], ['rows together']),
        ...(toy.pastIsAsked === true
          ? [
              node('ReduceSum', ['past_key_values.0.value'], ['past sum'], [integer('keepdims', 0)]),
              node('Add', ['rows together', 'past sum'], ['sum']),
            ]
          : toy.branches === true
            ? [
                node(
                  'If',
                  ['yes'],
                  ['chosen'],
                  [
                    { name: 'then_branch', type: AttributeType.GRAPH, g: branch('past_key_values.0.key') },
                    { name: 'else_branch', type: AttributeType.GRAPH, g: branch('past_key_values.0.value') },
                  ],
                ),
                node('ReduceSum', ['chosen'], ['past sum'], [integer('keepdims', 0)]),
                node('Add', ['rows together', 'past sum'], ['sum']),
              ]
            : [node('Identity', ['rows together'], ['sum'])]),
        node('MatMul', ['sum', 'head'], [toy.castLogits === true ? 'narrow' : 'logits']),
        ...(toy.castLogits === true
          ? [node('Cast', ['narrow'], ['logits'], [integer('to', DataType.FLOAT)])]
          : []),
      ],
      input: [
        value('inputs_embeds', ['batch', 'sequence', hidden]),
        value('past_key_values.0.key', past),
        value('past_key_values.0.value', past),
      ],
      output: [
        value('logits', ['batch', 'sequence', vocabulary]),
        value('present.0.key', ['batch', heads, 'total', size]),
        value('present.0.value', ['batch', heads, 'total', size]),
      ],
      initializer: [
        scalar,
        {
          name: 'head',
          dataType: DataType.FLOAT,
          dims: [hidden, vocabulary],
          rawData: new Uint8Array(weight.buffer),
        },
        ...(
          [
            ['heads', [0, 0, heads, size]],
            ['rows', [0, 0, hidden]],
          ] as const
        ).map(([name, values]) => ({
          name,
          dataType: DataType.INT64,
          dims: [values.length],
          rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
        })),
      ],
    },
  };
}

/** The model's parts, as reading it from a file gives them. */
function skeletonOf(model: OnnxTypes.IModelProto): Pick<OnnxSkeleton, 'head' | 'graph' | 'weights'> {
  const fields = readFields(onnx.ModelProto.encode(model).finish());
  const graph = fields.find(({ number }) => number === 7)!;
  return {
    head: concatenate(fields.filter((field) => field !== graph).map(({ whole }) => whole)),
    graph: graph.bytes,
    weights: new Uint8Array(0),
  };
}

function randomRows(seed: number, length: number): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length }, () => random() * 2 - 1);
}

/** Runs both graphs over a prompt and four more tokens; returns the largest difference of logits and new rows. */
async function compare(toy: Toy): Promise<{ difference: number; kept: boolean; names: string[] }> {
  const heads = toy.keyValueHeads ?? shape.keyValueHeads;
  const size = hidden / heads;
  const skeleton = skeletonOf(toyModel(toy));
  const edited = editForNewRows(skeleton, { layers: 1, keyValueHeads: heads, headSize: size });
  const before = await InferenceSession.create(modelOf(skeleton), quiet);
  const after = await InferenceSession.create(modelOf({ ...skeleton, graph: edited }), quiet);
  const kept = after.inputNames.includes('num_logits_to_keep');
  let difference = 0;
  let [keys, values] = [new Float32Array(0), new Float32Array(0)];
  const rows = { key: [] as Float32Array[][], value: [] as Float32Array[][] };
  for (const kind of ['key', 'value'] as const) rows[kind] = Array.from({ length: heads }, () => []);
  let past = 0;
  for (const [step, tokens] of [5, 1, 1, 3].entries()) {
    const embeds = new Tensor('float32', randomRows(step + 1, tokens * hidden), [1, tokens, hidden]);
    const expected = await before.run({
      inputs_embeds: embeds,
      'past_key_values.0.key': new Tensor('float32', keys, [1, heads, past, size]),
      'past_key_values.0.value': new Tensor('float32', values, [1, heads, past, size]),
    });
    const feeds: Record<string, Tensor> = { inputs_embeds: embeds };
    for (const kind of ['key', 'value'] as const) {
      for (let head = 0; head < heads; head += 1) {
        const together = Float32Array.from(rows[kind][head]!.flatMap((part) => Array.from(part)));
        feeds[`past_${kind}.0.${head}`] = new Tensor('float32', together, [past, size]);
      }
    }
    if (kept) feeds['num_logits_to_keep'] = new Tensor('int64', BigInt64Array.of(1n), []);
    const found = await after.run(feeds);
    const all = expected['logits']!.data as Float32Array;
    const wanted = kept ? all.subarray(all.length - vocabulary) : all;
    difference = Math.max(difference, largestDifference(wanted, found['logits']!.data as Float32Array));
    for (const kind of ['key', 'value'] as const) {
      const fresh = found[`new_${kind}.0`]!.data as Float32Array;
      expect(fresh).toHaveLength(tokens * hidden);
      for (let head = 0; head < heads; head += 1) {
        rows[kind][head]!.push(fresh.slice(head * tokens * size, (head + 1) * tokens * size));
      }
    }
    [keys, values] = [expected['present.0.key']!.data as never, expected['present.0.value']!.data as never];
    past += tokens;
    // What was gathered of new rows is what the graph as it is gives of all.
    const gathered = rows.key.flatMap((parts) => parts.flatMap((part) => Array.from(part)));
    difference = Math.max(difference, largestDifference(keys, gathered));
  }
  const names = onnx.GraphProto.decode(edited).node.map(({ opType }) => opType ?? '');
  await before.release();
  await after.release();
  return { difference, kept, names };
}

describe('a decoder changed to give back new rows alone', () => {
  const toys: [string, Toy][] = [
    ['with one join', {}],
    ['of an older version', { opset: 13 }],
    ['with one head', { keyValueHeads: 1 }],
    ['with four heads', { keyValueHeads: 4 }],
    ['that asks something else of its past', { pastIsAsked: true }],
    ['whose join cannot be seen', { veiled: true }],
    ['with logits that are cast', { castLogits: true }],
    ['with branches that take values from around them', { branches: true }],
  ];
  test.each(toys)('%s gives the same logits and rows', async (_name, toy) => {
    const { difference, kept } = await compare(toy);
    expect(difference).toBeLessThan(1e-6);
    expect(kept).toBe(true);
  });

  test('copies the past once where it can see the join, and puts it together where it cannot', async () => {
    const joins = async (toy: Toy): Promise<number> =>
      (await compare(toy)).names.filter((operator) => operator === 'Concat').length;
    expect(await joins({})).toBe(2);
    expect(await joins({ pastIsAsked: true })).toBe(3);
    expect(await joins({ veiled: true })).toBe(4);
  });

  test('passes on what it does not understand', () => {
    const { head, graph } = skeletonOf(toyModel());
    const unknown = varintField(977, 5);
    const edited = editForNewRows({ head, graph: concatenate([graph, unknown]) }, shape);
    expect(readFields(edited).find(({ number }) => number === 977)?.value).toBe(5);
  });

  test('is refused with the reason where it cannot be', () => {
    const refused = (change: (model: OnnxTypes.IModelProto) => void, reason: RegExp): void => {
      const model = toyModel();
      change(model);
      const skeleton = skeletonOf(model);
      expect(() => editForNewRows(skeleton, shape)).toThrow(NotEditable);
      expect(() => editForNewRows(skeleton, shape)).toThrow(reason);
    };
    refused(({ opsetImport }) => (opsetImport![0]!.version = 11), /operators are of version 11/);
    refused(({ graph }) => (graph!.input![0]!.name = 'input_ids'), /no input inputs_embeds/);
    refused(({ graph }) => (graph!.input![1]!.name = 'past'), /no input past_key_values\.0\.key/);
    refused(({ graph }) => graph!.output!.pop(), /no output present\.0\.value/);
  });
});

describe('the wire format', () => {
  test('numbers of any length are read as they were written', () => {
    for (const value of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 5]) {
      const [field] = readFields(varintField(4, value));
      expect(field).toMatchObject({ number: 4, value });
    }
    const model = onnx.ModelProto.encode({ irVersion: 10, modelVersion: 3_000_000_000 }).finish();
    expect(readFields(model).map(({ value }) => value)).toEqual([10, 3_000_000_000]);
  });

  test('what is no message is not taken for one', () => {
    expect(() => readFields(Uint8Array.of(0x0a, 5, 1))).toThrow(/no field at byte 0/);
    expect(() => readFields(Uint8Array.of(0x08))).toThrow(/no field/);
    expect(readHead(Uint8Array.of(0x0b), 0)).toBeNull();
    expect(
      readHead(
        Uint8Array.from({ length: 20 }, () => 0xff),
        0,
      ),
    ).toBeNull();
  });
});
