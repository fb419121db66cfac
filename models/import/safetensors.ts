import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { float16Values } from '../../main/inference/onnx/index.ts';
import { refusalOf } from '../../main/platform/file-errors.ts';
import { openPlain, parseModelJson } from '../../main/platform/plain-file.ts';
import { readJson } from './configuration.ts';

/** Element types that can become 32-bit floats here, with their size in bytes. */
const floatBytes = { F32: 4, F16: 2, BF16: 2 } as const;
export type FloatType = keyof typeof floatBytes;

/**
 * A longer header than this is no real one: a checkpoint of 72B with all tensors in one file has 200 KB. (The reference
 * reader goes on to 100 MB, at which this one would take a minute and gigabytes.)
 */
const longestHeader = 12_000_000;
/** Tensors of a checkpoint, in all its files; one of 72B has 1,700. */
const mostTensors = 100_000;
/** Files of a checkpoint; the largest have some two hundred. */
const mostShards = 2000;

const HeaderEntry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(16),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** One tensor of a checkpoint and where its bytes lie. */
export interface StoredTensor {
  name: string;
  dtype: string;
  shape: number[];
  file: string;
  /** First byte in the file, header included. */
  begin: number;
  bytes: number;
  /** What an adapter adds to a matrix [out, in] when it is read. */
  adapter?: LowRank;
}

/** scale * B A: A [rank, in], B [out, rank]. */
export interface LowRank {
  a: StoredTensor;
  b: StoredTensor;
  rank: number;
  scale: number;
}

const copyAgain = 'Download or copy the file again and compare its size with the original.';

function damaged(file: string, what: string): WorkstationError {
  return new WorkstationError('model-altered-file', `${basename(file)} is damaged: ${what}.`, copyAgain);
}

/**
 * Reads the header of a safetensors file: 8 bytes of length (little-endian), then JSON of names, types,
 * shapes and offsets. Checks it against the file's size, so that a truncated file is found before any work.
 * Format: https://huggingface.co/docs/safetensors
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`
 */
export async function readSafetensorsHeader(file: string): Promise<StoredTensor[]> {
  const { handle, bytes: size } = await openOrMissing(file);
  try {
    if (size < 8) throw damaged(file, `it has ${size} bytes, fewer than a header`);
    const length = Number((await readExactly(handle, file, 0, 8)).readBigUInt64LE());
    if (length > longestHeader) throw damaged(file, `its header claims ${length} bytes`);
    if (8 + length > size)
      throw damaged(file, `its header needs ${8 + length} bytes and the file has ${size}`);
    const text = (await readExactly(handle, file, 8, length)).toString('utf8');
    return parseHeader(file, text, 8 + length, size);
  } finally {
    await handle.close();
  }
}

function parseHeader(file: string, text: string, dataBegin: number, fileSize: number): StoredTensor[] {
  const header = parseModelJson(`The header of ${basename(file)}`, text, copyAgain);
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw damaged(file, 'its header is not an object');
  }
  const entries = Object.entries(header);
  if (entries.length > mostTensors) {
    throw damaged(file, `its header lists ${entries.length} tensors, which no model has`);
  }
  const tensors: StoredTensor[] = [];
  for (const [name, value] of entries) {
    if (name === '__metadata__') continue;
    const entry = HeaderEntry.safeParse(value);
    if (!entry.success) throw damaged(file, `the header's entry for ${name} is malformed`);
    const { dtype, shape, data_offsets: offsets } = entry.data;
    const bytes = offsets[1] - offsets[0];
    if (dtype in floatBytes) {
      const expected = elements(shape) * floatBytes[dtype as FloatType];
      if (bytes !== expected) throw damaged(file, `${name} should take ${expected} bytes and takes ${bytes}`);
    }
    if (bytes < 0 || dataBegin + offsets[1] > fileSize) {
      throw damaged(
        file,
        `it ends early: ${name} needs bytes up to ${dataBegin + offsets[1]} and the file has ${fileSize}`,
      );
    }
    tensors.push({ name, dtype, shape, file, begin: dataBegin + offsets[0], bytes });
  }
  return tensors;
}

const ShardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The weights of a checkpoint folder: every tensor by name, and the files that hold them, sorted by name. */
export interface StoredWeights {
  tensors: Map<string, StoredTensor>;
  files: string[];
}

/**
 * Finds the weights of a checkpoint folder: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` names, each of which must hold the tensors that the index says.
 *
 * @throws WorkstationError `model-missing-file`, `model-altered-file`
 */
export async function findWeights(folder: string): Promise<StoredWeights> {
  const weightMap = await readShardIndex(join(folder, 'model.safetensors.index.json'));
  const names = weightMap ? [...new Set(Object.values(weightMap))].sort() : ['model.safetensors'];
  if (names.length > mostShards) {
    throw damaged('model.safetensors.index.json', `it names ${names.length} files, which no model has`);
  }
  const files = names.map((name) => join(folder, name));
  for (const name of names) {
    if (name !== basename(name))
      throw damaged('model.safetensors.index.json', `it names ${name}, not a file here`);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const file of files) {
    for (const tensor of await readSafetensorsHeader(file)) {
      const earlier = tensors.get(tensor.name);
      if (earlier) throw damaged(file, `${tensor.name} is in ${basename(earlier.file)} as well`);
      tensors.set(tensor.name, tensor);
    }
    if (tensors.size > mostTensors) {
      throw damaged(file, `with the files before it, it holds ${tensors.size} tensors, which no model has`);
    }
  }
  for (const [name, shard] of Object.entries(weightMap ?? {})) {
    if (!tensors.has(name)) {
      throw damaged(join(folder, shard), `the index says that it holds ${name}, and it doesn't`);
    }
  }
  return { tensors, files };
}

async function readShardIndex(file: string): Promise<Record<string, string> | null> {
  const json = await readJson(file);
  if (json === null) return null;
  const index = ShardIndex.safeParse(json);
  if (!index.success) throw damaged(file, 'it has no weight_map');
  return index.data.weight_map;
}

/** Reads values of tensors as 32-bit floats, into memory that it keeps from one read to the next. */
export class FloatReader {
  private raw = Buffer.alloc(0);
  private floats = new Float32Array(0);

  /**
   * @param handle of the tensor's file
   * @param first, count values of the tensor, in order
   * @returns a view that the next read overwrites
   * @throws WorkstationError `model-unsupported` for a type that isn't F32, F16 or BF16; `model-altered-file` for
   *   values that are no finite numbers
   */
  async read(handle: FileHandle, tensor: StoredTensor, first: number, count: number): Promise<Float32Array> {
    const floats = await this.readAny(handle, tensor, first, count);
    if (!allFinite(floats)) throw await this.notFinite(handle, tensor);
    return floats;
  }

  private async readAny(
    handle: FileHandle,
    tensor: StoredTensor,
    first: number,
    count: number,
  ): Promise<Float32Array> {
    const dtype = floatType(tensor);
    const width = floatBytes[dtype];
    if (this.raw.length < count * width) this.raw = Buffer.alloc(count * width);
    if (this.floats.length < count) this.floats = new Float32Array(count);
    const raw = this.raw.subarray(0, count * width);
    const floats = this.floats.subarray(0, count);
    await readInto(handle, tensor.file, raw, tensor.begin + first * width);
    convert(dtype, raw, floats);
    return floats;
  }

  /** Looks through the whole tensor, so that the message says how bad it is. */
  private async notFinite(handle: FileHandle, tensor: StoredTensor): Promise<WorkstationError> {
    const total = elements(tensor.shape);
    const atOnce = Math.min(total, 1 << 20);
    let [bad, at, value] = [0, -1, Number.NaN];
    for (let first = 0; first < total; first += atOnce) {
      const floats = await this.readAny(handle, tensor, first, Math.min(atOnce, total - first));
      floats.forEach((found, index) => {
        if (Number.isFinite(found)) return;
        bad += 1;
        if (at < 0) [at, value] = [first + index, found];
      });
    }
    return new WorkstationError(
      'model-altered-file',
      `${tensor.name} in ${basename(tensor.file)} holds ${bad} of ${total} values that are no finite numbers, ` +
        `the first of them ${value} at position ${at}.`,
      'The weights are damaged or training diverged. Download the file again or use an earlier checkpoint.',
    );
  }
}

/** All values of a small tensor, as they are stored; for golden numbers, which hold integers as well. */
export async function readValues(tensor: StoredTensor): Promise<ArrayLike<number | bigint>> {
  const handle = await open(tensor.file, 'r');
  try {
    const { buffer } = await readExactly(handle, tensor.file, tensor.begin, tensor.bytes);
    switch (tensor.dtype) {
      case 'F32':
        return new Float32Array(buffer);
      case 'I32':
        return new Int32Array(buffer);
      case 'I64':
        return new BigInt64Array(buffer);
      case 'U8':
        return new Uint8Array(buffer);
      default:
        throw damaged(tensor.file, `${tensor.name} has the type ${tensor.dtype}, which is not read here`);
    }
  } finally {
    await handle.close();
  }
}

/** The tensor's type, if its values can become 32-bit floats. */
export function floatType(tensor: StoredTensor): FloatType {
  if (tensor.dtype in floatBytes) return tensor.dtype as FloatType;
  throw new WorkstationError(
    'model-unsupported',
    `${tensor.name} is stored as ${tensor.dtype}; only F32, F16 and BF16 weights can be imported.`,
    'Import the unquantised checkpoint and choose q8 or int4 here if it should be smaller.',
  );
}

/** Safetensors is little-endian, as every machine that the engine runs on. */
function convert(dtype: FloatType, raw: Buffer, floats: Float32Array): void {
  if (dtype === 'F32') {
    new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength).set(
      raw.subarray(0, floats.byteLength),
    );
    return;
  }
  const halves = new Uint16Array(raw.buffer, raw.byteOffset, floats.length);
  if (dtype === 'F16') {
    const table = float16Values();
    for (let i = 0; i < floats.length; i++) floats[i] = table[halves[i]!]!;
    return;
  }
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < floats.length; i++) bits[i] = halves[i]! << 16;
}

/** A sum is finite only if every value is, unless it overflows: so look closely only where it isn't. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return Number.isFinite(sum) || values.every(Number.isFinite);
}

async function readInto(handle: FileHandle, file: string, target: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw damaged(file, 'it became shorter while it was read');
    done += bytesRead;
  }
}

async function readExactly(
  handle: FileHandle,
  file: string,
  position: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await readInto(handle, file, buffer, position);
  return buffer;
}

async function openOrMissing(file: string): Promise<{ handle: FileHandle; bytes: number }> {
  try {
    return await openPlain(file);
  } catch (error) {
    if (refusalOf(error) !== 'missing') throw error;
    throw new WorkstationError(
      'model-missing-file',
      `The checkpoint has no ${basename(file)}.`,
      'A checkpoint needs its weights as safetensors, in one file or in all shards of its index.',
    );
  }
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
