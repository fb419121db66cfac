import { realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { openPlain, plainStat } from '../../platform/plain-file.ts';
import {
  bytesField,
  concatenate,
  firstText,
  longestHead,
  messageField,
  readFields,
  readHead,
  textField,
  varintField,
  type FieldHead,
  type WireField,
} from './onnx-wire.ts';

/** Field numbers of onnx.proto3. */
export const modelProto = { opsetImport: 8, graph: 7 } as const;
export const graphProto = { node: 1, initializer: 5, input: 11, output: 12 } as const;
export const tensorProto = { rawData: 9, externalData: 13, location: 14 } as const;

/** Weights from this size on are left where they are; smaller ones are often shapes, which the graph needs to know. */
const leftOutBytes = 4096;
/** Of the file, read at once while it is searched. */
const windowBytes = 1 << 20;
/** Beside its weights a graph has nodes, names and shapes: a few megabytes, whatever its size. */
const mostBytes = 128 * 2 ** 20;
/** Of the file, its graph and its weights' descriptions. Graphs of a hundred layers have some ten thousand. */
const mostFields = 1_000_000;
/** Files that the weights of one graph lie in. */
const mostWeightFiles = 1000;

/** A file with weights of a graph, by its real path, and how far the graph reads into it. */
export interface WeightFile {
  /** Its path from the graph's folder; null for the graph's own file. */
  readonly location: string | null;
  readonly path: string;
  readonly neededBytes: number;
}

/** A graph without its weights: where they lie is all that it says of them. */
export interface OnnxSkeleton {
  /** The fields of the model but its graph. */
  readonly head: Uint8Array;
  /** The fields of the graph but its weights. */
  readonly graph: Uint8Array;
  /** Fields of the graph: its weights as external data, by their paths from `folder`. */
  readonly weights: Uint8Array;
  /** The deepest real folder that holds all files of the graph. */
  readonly folder: string;
  readonly weightFiles: readonly WeightFile[];
}

/** An ONNX model of a skeleton's parts, which a session opens with `folder` as that of its external data. */
export function modelOf({
  head,
  graph,
  weights,
}: Pick<OnnxSkeleton, 'head' | 'graph' | 'weights'>): Uint8Array {
  return concatenate([head, messageField(modelProto.graph, [graph, weights])]);
}

/**
 * Reads an ONNX file without its weights, which may be gigabytes, be they in the file itself or beside it. Links are
 * resolved, as in the cache of Hugging Face's hub, where a graph and its data are links to files named by their hash.
 *
 * @throws WorkstationError `model-altered-file` for a file that is no graph, or one whose end or whose data's end is
 *   missing; `model-missing-file` for missing external data, each by name
 */
export async function readSkeleton(file: string): Promise<OnnxSkeleton> {
  const source = await realpath(file);
  const { handle, bytes } = await openPlain(source);
  try {
    const reader = new GraphReader(handle, bytes, path.basename(file));
    let graph: Uint8Array = nothing;
    const head = await reader.message(0, reader.size, async (field, start, end) => {
      if (field.number !== modelProto.graph) return null;
      graph = await reader.graph(start, end);
      return nothing;
    });
    if (graph.length === 0) throw altered(path.basename(file), 'is not an ONNX graph, or is damaged');
    return { head, graph, ...(await placeWeights(reader.tensors, file, source)) };
  } finally {
    await handle.close();
  }
}

interface ExternalTensor {
  /** Its fields but those of its data. */
  readonly kept: readonly Uint8Array[];
  /** Null: the graph's own file. */
  readonly location: string | null;
  readonly offset: number;
  /** Null where the graph doesn't say: to the end of the file. */
  readonly length: number | null;
}

const nothing = new Uint8Array(0);

class GraphReader {
  readonly size: number;
  readonly tensors: ExternalTensor[] = [];
  readonly #handle: FileHandle;
  readonly #name: string;
  #window: Uint8Array = nothing;
  #windowStart = 0;
  #fields = 0;
  #copied = 0;

  constructor(handle: FileHandle, size: number, name: string) {
    this.#handle = handle;
    this.size = size;
    this.#name = name;
  }

  /**
   * Reads the fields of a message at `start..end`. A field for which `replace` has an answer is not read, and the
   * answer stands in its place.
   */
  async message(
    start: number,
    end: number,
    replace: (head: FieldHead, start: number, end: number) => Promise<Uint8Array | null>,
  ): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    // What is kept is copied in stretches, since a damaged file may hold millions of fields.
    let kept = start;
    let at = start;
    while (at < end) {
      this.#countField();
      const head = readHead(await this.#bytes(at, Math.min(longestHead, end - at)), 0);
      if (head === null) throw altered(this.#name, 'is not an ONNX graph, or is damaged');
      const body = at + head.headBytes;
      const next = body + head.bodyBytes;
      if (next > end) {
        throw altered(this.#name, `is truncated: expected ${next} bytes or more, found ${this.size}`);
      }
      const replacement = await replace(head, body, next);
      if (replacement !== null) {
        if (kept < at) parts.push(await this.#copy(kept, at));
        if (replacement.length > 0) parts.push(replacement);
        kept = next;
      }
      at = next;
    }
    if (kept < end) parts.push(await this.#copy(kept, end));
    return concatenate(parts);
  }

  /** The fields of the graph at `start..end`, its weights left out and noted. */
  async graph(start: number, end: number): Promise<Uint8Array> {
    return this.message(start, end, async (head, from, to) => {
      if (head.number !== graphProto.initializer) return null;
      let raw: { offset: number; length: number } | null = null;
      const rest = await this.message(from, to, (inner, rawStart, rawEnd) => {
        if (inner.number !== tensorProto.rawData || rawEnd - rawStart < leftOutBytes)
          return Promise.resolve(null);
        raw = { offset: rawStart, length: rawEnd - rawStart };
        return Promise.resolve(nothing);
      });
      const fields = readFields(rest);
      const tensor = externalTensor(fields, raw, this.#name);
      if (tensor === null) return bytesField(graphProto.initializer, rest);
      this.tensors.push(tensor);
      return nothing;
    });
  }

  #countField(): void {
    this.#fields += 1;
    if (this.#fields > mostFields) {
      throw altered(this.#name, `has more than ${mostFields} parts, which no graph of a model needs`);
    }
  }

  async #copy(start: number, end: number): Promise<Uint8Array> {
    this.#copied += end - start;
    if (this.#copied > mostBytes) {
      throw altered(
        this.#name,
        `has more than ${mostBytes / 2 ** 20} MB beside its weights, which no graph of a model needs`,
      );
    }
    return Uint8Array.from(await this.#bytes(start, end - start));
  }

  async #bytes(start: number, length: number): Promise<Uint8Array> {
    const offset = start - this.#windowStart;
    if (offset >= 0 && offset + length <= this.#window.length) {
      return this.#window.subarray(offset, offset + length);
    }
    const window = new Uint8Array(Math.max(length, Math.min(windowBytes, this.size - start)));
    let filled = 0;
    while (filled < window.length) {
      const { bytesRead } = await this.#handle.read(window, filled, window.length - filled, start + filled);
      if (bytesRead === 0) throw altered(this.#name, 'became shorter while it was read');
      filled += bytesRead;
    }
    this.#window = window;
    this.#windowStart = start;
    return window.subarray(0, length);
  }
}

/** Null for a tensor that has its values within. */
function externalTensor(
  fields: readonly WireField[],
  raw: { readonly offset: number; readonly length: number } | null,
  graph: string,
): ExternalTensor | null {
  const own = new Set<number>([tensorProto.externalData, tensorProto.location, tensorProto.rawData]);
  const kept = fields.filter(({ number }) => !own.has(number)).map(({ whole }) => whole);
  if (raw !== null) return { kept, location: null, ...raw };
  const external = fields.some(({ number, value }) => number === tensorProto.location && value === 1);
  if (!external) return null;
  const entries = new Map<string, string>();
  for (const { number, bytes } of fields) {
    if (number !== tensorProto.externalData) continue;
    const entry = readFields(bytes);
    entries.set(firstText(entry, 1), firstText(entry, 2));
  }
  const number = (key: string): number | null => {
    const text = entries.get(key);
    if (text === undefined) return null;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw altered(graph, `says of its weights that their ${key} is ${text.slice(0, 40)}`);
  };
  return {
    kept,
    location: entries.get('location') ?? '',
    offset: number('offset') ?? 0,
    length: number('length'),
  };
}

/** Finds the files that tensors lie in, makes sure that they are long enough, and writes the tensors down anew. */
async function placeWeights(
  tensors: readonly ExternalTensor[],
  file: string,
  source: string,
): Promise<Pick<OnnxSkeleton, 'weights' | 'folder' | 'weightFiles'>> {
  const needed = new Map<string | null, number>();
  for (const { location, offset, length } of tensors) {
    needed.set(location, Math.max(needed.get(location) ?? 0, offset + (length ?? 0)));
  }
  if (needed.size > mostWeightFiles) {
    throw altered(
      path.basename(file),
      `names ${needed.size} files with weights, which no graph of a model needs`,
    );
  }
  const files = new Map<string | null, string>();
  for (const [location, bytes] of needed) {
    files.set(location, location === null ? source : await weightFile(file, location, bytes));
  }
  const folder = commonFolder([source, ...files.values()]);
  const from = (target: string): string => path.relative(folder, target).split(path.sep).join('/');
  const weights = tensors.map(({ kept, location, offset, length }) => {
    const entry = (key: string, value: string): Uint8Array =>
      messageField(tensorProto.externalData, [textField(1, key), textField(2, value)]);
    return messageField(graphProto.initializer, [
      ...kept,
      entry('location', from(files.get(location)!)),
      entry('offset', String(offset)),
      ...(length === null ? [] : [entry('length', String(length))]),
      varintField(tensorProto.location, 1),
    ]);
  });
  return {
    weights: concatenate(weights),
    folder,
    weightFiles: [...files].map(([location, real]) => ({
      location,
      path: real,
      neededBytes: needed.get(location)!,
    })),
  };
}

/** The real path of a graph's external data, which has `bytes` at least. */
async function weightFile(graph: string, location: string, bytes: number): Promise<string> {
  const name = path.basename(graph);
  const inside = path.posix.normalize(location.replaceAll('\\', '/'));
  if (inside === '.' || inside.startsWith('..') || path.isAbsolute(inside) || path.posix.isAbsolute(inside)) {
    throw altered(name, `names data outside the model's folder: ${location}`);
  }
  const target = path.join(path.dirname(graph), inside);
  const found = await plainStat(target).catch((cause: unknown) => {
    if (cause instanceof WorkstationError) throw cause;
    throw new WorkstationError(
      'model-missing-file',
      `The model folder has no ${inside}, in which the weights of ${name} lie.`,
      'Download or copy the model folder again, with all files of the graph.',
      { cause },
    );
  });
  if (found.size < bytes) {
    throw altered(inside, `is truncated: ${name} needs ${bytes} bytes of it, found ${found.size}`);
  }
  return realpath(target);
}

function commonFolder(files: readonly string[]): string {
  let folder = path.dirname(files[0]!);
  for (const file of files) {
    while (!isWithin(folder, file)) {
      const above = path.dirname(folder);
      if (above === folder) {
        throw new WorkstationError(
          'model-unsupported',
          'The files of the graph lie on different drives.',
          'Copy the model folder to one drive, without links.',
        );
      }
      folder = above;
    }
  }
  return folder;
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative !== '' &&
    relative !== '..' &&
    !relative.startsWith(`..${path.sep}`) &&
    !path.isAbsolute(relative)
  );
}

function altered(name: string, what: string): WorkstationError {
  return new WorkstationError('model-altered-file', `${name} ${what}.`, 'Download or copy the file again.');
}
