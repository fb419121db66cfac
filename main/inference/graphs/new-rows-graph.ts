import {
  int64Type,
  integerVector,
  newNode,
  readNode,
  readValueInfo,
  valueInfo,
  withInput,
  type OnnxNode,
} from '../onnx/onnx-nodes.ts';
import { graphProto, modelProto, type OnnxSkeleton } from '../onnx/onnx-skeleton.ts';
import { concatenate, firstText, readFields } from '../onnx/onnx-wire.ts';

export interface NewRowsShape {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** The reason why a graph is left as it is. */
export class NotEditable extends Error {}

/** From this version on, Slice and Split take their sizes as inputs, as they are written here. */
const lowestOpset = 13;
/** From this version on, Split has to be told of how many parts. */
const countedSplitOpset = 18;
const furthestEnd = 2 ** 53 - 1;

/**
 * Changes a decoder whose keys and values go in as `past_key_values.i.*` and come out, all of them, as `present.i.*`
 * `[1, heads, past + s, headSize]`, so that it takes them as the engine's own graphs do: for each layer i and head h
 * views `past_key.i.h`, `past_value.i.h` `[past, headSize]` of growing buffers, and gives back the new rows alone,
 * `new_key.i`, `new_value.i` (heads, s, headSize). Nothing of the past is then copied out of a run. It also takes
 * `num_logits_to_keep` where it did not, if the last product can be found.
 *
 * Where a Concat joins past and new rows, one Concat over all heads takes its place, and is the only copy of the past.
 * In another graph, as of GroupQueryAttention, the past is put together before it and the new rows are cut from what
 * it gives. Fields that are not understood are passed on.
 *
 * @returns the graph's fields, to be put back into its skeleton
 * @throws NotEditable with the reason
 */
export function editForNewRows(
  skeleton: Pick<OnnxSkeleton, 'head' | 'graph'>,
  shape: NewRowsShape,
): Uint8Array {
  return new NewRowsEdit(skeleton, shape).graph();
}

class NewRowsEdit {
  readonly #shape: NewRowsShape;
  readonly #opset: number;
  readonly #nodes: OnnxNode[];
  readonly #inputs: Map<string, { readonly elementType: number; readonly whole: Uint8Array }>;
  readonly #outputs: Map<string, Uint8Array>;
  readonly #rest: Uint8Array[] = [];
  readonly #producers = new Map<string, number>();
  readonly #uses = new Map<string, number>();
  readonly #branches: boolean;
  /** What stands before all nodes, and what stands in a node's place. */
  readonly #first: Uint8Array[] = [];
  readonly #replaced = new Map<number, Uint8Array[]>();

  constructor({ head, graph }: Pick<OnnxSkeleton, 'head' | 'graph'>, shape: NewRowsShape) {
    this.#shape = shape;
    this.#opset = opsetOf(head);
    if (this.#opset < lowestOpset) throw new NotEditable(`its operators are of version ${this.#opset}`);
    const fields = readFields(graph);
    this.#nodes = [];
    this.#inputs = new Map();
    this.#outputs = new Map();
    for (const { number, bytes, whole } of fields) {
      if (number === graphProto.node) this.#nodes.push(readNode(bytes, whole));
      else if (number === graphProto.input) {
        const { name, elementType } = readValueInfo(bytes);
        this.#inputs.set(name, { elementType, whole });
      } else if (number === graphProto.output) this.#outputs.set(readValueInfo(bytes).name, whole);
      else this.#rest.push(whole);
    }
    this.#branches = this.#nodes.some(({ branches }) => branches);
    this.#nodes.forEach(({ inputs, outputs }, index) => {
      for (const name of outputs) this.#producers.set(name, index);
      for (const name of inputs) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    });
  }

  graph(): Uint8Array {
    const { layers } = this.#shape;
    this.#constants();
    for (let layer = 0; layer < layers; layer += 1) {
      for (const kind of ['key', 'value'] as const) this.#keysOrValues(layer, kind);
    }
    if (!this.#inputs.has('num_logits_to_keep')) this.#keepLastLogits();
    return concatenate([
      ...this.#first,
      ...this.#nodes.flatMap(({ whole }, index) => this.#replaced.get(index) ?? [whole]),
      ...this.#rest,
      ...[...this.#inputs.values()].map(({ whole }) => whole),
      ...this.#outputs.values(),
    ]);
  }

  /** Lengths that many nodes share: s as `[s]`, `[-s]`. */
  #constants(): void {
    if (!this.#inputs.has('inputs_embeds')) throw new NotEditable('it has no input inputs_embeds');
    const { keyValueHeads, headSize } = this.#shape;
    this.#rest.push(
      integerVector(own('0'), [0]),
      integerVector(own('1'), [1]),
      integerVector(own('2'), [2]),
      integerVector(own('end'), [furthestEnd]),
      integerVector(own('rows'), [-1, headSize]),
      integerVector(own('heads'), [1, keyValueHeads, -1, headSize]),
    );
    this.#first.push(
      newNode('Shape', ['inputs_embeds'], [own('shape')]),
      newNode('Slice', [own('shape'), own('1'), own('2'), own('0')], [own('length')]),
      newNode('Neg', [own('length')], [own('back')]),
    );
  }

  #keysOrValues(layer: number, kind: 'key' | 'value'): void {
    const past = `past_key_values.${layer}.${kind}`;
    const present = `present.${layer}.${kind}`;
    const input = this.#inputs.get(past);
    const producer = this.#producers.get(present);
    if (input === undefined) throw new NotEditable(`it has no input ${past}`);
    if (producer === undefined || !this.#outputs.has(present)) {
      throw new NotEditable(`it has no output ${present}`);
    }
    const { keyValueHeads, headSize } = this.#shape;
    const heads = Array.from({ length: keyValueHeads }, (_, head) => `past_${kind}.${layer}.${head}`);
    this.#inputs.delete(past);
    for (const name of heads) {
      const whole = valueInfo(graphProto.input, name, input.elementType, ['past_sequence_length', headSize]);
      this.#inputs.set(name, { elementType: input.elementType, whole });
    }
    const fresh = `new_${kind}.${layer}`;
    this.#outputs.delete(present);
    this.#outputs.set(fresh, valueInfo(graphProto.output, fresh, input.elementType, ['new_rows', headSize]));
    const node = this.#nodes[producer]!;
    const joins =
      node.operator === 'Concat' && node.domain === '' && node.inputs.length === 2 && node.inputs[0] === past;
    if (joins) {
      this.#replaced.set(producer, this.#join(node.inputs[1]!, fresh, heads, present));
      if (!this.#branches && this.#uses.get(past) === 1) return;
    } else {
      const rows = own(`${fresh}.rows`);
      this.#replaced.set(producer, [
        ...(this.#replaced.get(producer) ?? [node.whole]),
        newNode('Slice', [present, own('back'), own('end'), own('2')], [rows]),
        newNode('Reshape', [rows, own('rows')], [fresh]),
      ]);
    }
    this.#first.push(...this.#together(heads, own(past), past));
  }

  /** Past rows and new ones of all heads in one copy: head by head, as they lie in `[1, heads, past + s, headSize]`. */
  #join(newRows: string, fresh: string, heads: readonly string[], present: string): Uint8Array[] {
    const parts = heads.length === 1 ? [fresh] : heads.map((_, head) => own(`${fresh}.${head}`));
    return [
      newNode('Reshape', [newRows, own('rows')], [fresh]),
      ...(heads.length === 1 ? [] : [this.#split(fresh, parts)]),
      ...this.#together(
        heads.flatMap((past, head) => [past, parts[head]!]),
        own(present),
        present,
      ),
    ];
  }

  #split(value: string, parts: readonly string[]): Uint8Array {
    const attributes = { axis: 0, ...(this.#opset >= countedSplitOpset && { num_outputs: parts.length }) };
    return newNode('Split', [value], parts, attributes);
  }

  #together(rows: readonly string[], between: string, name: string): Uint8Array[] {
    return [
      newNode('Concat', rows, [between], { axis: 0 }),
      newNode('Reshape', [between, own('heads')], [name]),
    ];
  }

  /** Puts a cut before the product that gives the logits, if there is one that takes rows as they are. */
  #keepLastLogits(): void {
    const product = this.#lastProduct();
    if (product === null) return;
    const node = this.#nodes[product]!;
    const kept = own('kept_rows');
    this.#inputs.set('num_logits_to_keep', {
      elementType: int64Type,
      whole: valueInfo(graphProto.input, 'num_logits_to_keep', int64Type, []),
    });
    this.#rest.push(integerVector(own('one_number'), [1]));
    this.#replaced.set(product, [
      newNode('Reshape', ['num_logits_to_keep', own('one_number')], [own('keep')]),
      newNode('Sub', [own('length'), own('keep')], [own('first_kept')]),
      newNode('Slice', [node.inputs[0]!, own('first_kept'), own('length'), own('1')], [kept]),
      withInput(node, 0, kept),
    ]);
  }

  #lastProduct(): number | null {
    let name = 'logits';
    for (let steps = 0; steps < 3; steps += 1) {
      const index = this.#producers.get(name);
      const node = index === undefined ? undefined : this.#nodes[index];
      if (index === undefined || node === undefined || this.#replaced.has(index)) return null;
      if (['MatMul', 'MatMulNBits', 'MatMulBnb4'].includes(node.operator)) return index;
      if (node.operator !== 'Cast') return null;
      name = node.inputs[0]!;
    }
    return null;
  }
}

/** Names that no exporter gives. */
const own = (name: string): string => `new_rows/${name}`;

/** Version of ONNX's own operators. */
function opsetOf(head: Uint8Array): number {
  for (const field of readFields(head)) {
    if (field.number !== modelProto.opsetImport) continue;
    const opset = readFields(field.bytes);
    const domain = firstText(opset, 1);
    if (domain === '' || domain === 'ai.onnx') return opset.find(({ number }) => number === 2)?.value ?? 0;
  }
  return 0;
}
