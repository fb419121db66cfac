import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import onnxProto from 'onnx-proto';
import type { onnx as OnnxTypes } from 'onnx-proto';
import { importCheckpoint, type AttentionOperator, type WeightType } from '../../models/import/index.ts';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
type Model = OnnxTypes.IModelProto & { graph: OnnxTypes.IGraphProto };

export interface FolderOptions {
  readonly checkpoint: string;
  readonly attention: AttentionOperator;
  readonly dtype?: WeightType;
}

/** A folder as others export it: graphs for transformers.js, and nothing of ours. */
export async function makeTransformersFolder(out: string, options: FolderOptions): Promise<string> {
  await importCheckpoint({ dtype: 'fp32', ...options, out, layout: 'transformers' });
  await rm(path.join(out, 'manifest.json'));
  return out;
}

/** Hash, size and time of every file and folder below one. */
export async function fingerprintOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const { mtimeMs, size } = await stat(file);
    const content = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(file))
          .digest('hex')
      : 'folder';
    found[path.relative(folder, file)] = `${content} ${size} ${mtimeMs}`;
  }
  return found;
}

export async function rewriteGraph(
  file: string,
  change: (graph: OnnxTypes.IGraphProto) => void,
): Promise<void> {
  const model = onnx.ModelProto.decode(await readFile(file)) as unknown as Model;
  change(model.graph);
  await writeFile(file, onnx.ModelProto.encode(model).finish());
}

/** Puts a graph's weights into its own file, as exporters do below 2 GB, and removes their files. */
export async function inlineWeights(file: string): Promise<void> {
  const locations = new Set<string>();
  const data = new Map<string, Buffer>();
  for (const name of await readdir(path.dirname(file))) {
    if (name.startsWith(`${path.basename(file)}_data`))
      data.set(name, await readFile(path.join(path.dirname(file), name)));
  }
  await rewriteGraph(file, ({ initializer }) => {
    for (const tensor of initializer ?? []) {
      const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
      const location = entries.get('location');
      if (tensor.dataLocation !== onnx.TensorProto.DataLocation.EXTERNAL || location == null) continue;
      const offset = Number(entries.get('offset'));
      tensor.rawData = data.get(location)!.subarray(offset, offset + Number(entries.get('length')));
      tensor.externalData = [];
      tensor.dataLocation = onnx.TensorProto.DataLocation.DEFAULT;
      locations.add(location);
    }
  });
  for (const name of locations) await rm(path.join(path.dirname(file), name));
}

/** Makes all floats that go in and come out half ones, as the suffixes `_fp16` and `_q4f16` mean; inside, nothing changes. */
export async function halveOutside(file: string): Promise<void> {
  await rewriteGraph(file, (graph) => {
    const nodes = graph.node!;
    const cast = (from: string, to: string, type: number): OnnxTypes.INodeProto => ({
      opType: 'Cast',
      name: `${to}/cast`,
      input: [from],
      output: [to],
      attribute: [{ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: type }],
    });
    const first: OnnxTypes.INodeProto[] = [];
    const last: OnnxTypes.INodeProto[] = [];
    const isFloat = (value: OnnxTypes.IValueInfoProto): boolean =>
      value.type?.tensorType?.elemType === DataType.FLOAT;
    const rename = (from: string, to: string): void => {
      for (const node of nodes) {
        node.input = node.input!.map((name) => (name === from ? to : name));
        node.output = node.output!.map((name) => (name === from ? to : name));
      }
    };
    for (const input of graph.input!.filter(isFloat)) {
      rename(input.name!, `${input.name}/wide`);
      first.push(cast(input.name!, `${input.name}/wide`, DataType.FLOAT));
      input.type!.tensorType!.elemType = DataType.FLOAT16;
    }
    for (const output of graph.output!.filter(isFloat)) {
      rename(output.name!, `${output.name}/wide`);
      last.push(cast(`${output.name}/wide`, output.name!, DataType.FLOAT16));
      output.type!.tensorType!.elemType = DataType.FLOAT16;
    }
    graph.node = [...first, ...nodes, ...last];
  });
}

/** As an export that always gives the logits of all rows. */
export async function dropLogitsToKeep(file: string): Promise<void> {
  await rewriteGraph(file, (graph) => {
    graph.input = graph.input!.filter(({ name }) => name !== 'num_logits_to_keep');
    graph.initializer!.push({
      name: 'num_logits_to_keep',
      dataType: DataType.INT64,
      dims: [],
      rawData: new Uint8Array(8),
    });
  });
}

export async function editJson(
  file: string,
  edit: (content: Record<string, unknown>) => void,
): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  edit(content);
  await writeFile(file, JSON.stringify(content));
}

export async function emptyFiles(folder: string, sizes: Readonly<Record<string, number>>): Promise<void> {
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  for (const [name, bytes] of Object.entries(sizes)) {
    await writeFile(path.join(folder, 'onnx', name), new Uint8Array(bytes));
  }
}
