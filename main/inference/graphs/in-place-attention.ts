import { InferenceSession, Tensor } from '../onnx-runtime.ts';
import type { ModelParameters } from '../../../preload/contract/model.ts';
import { attentionBias } from './attention-bias.ts';
import { DeviceBuffers } from './device-buffers.ts';
import { executionProviders } from '../devices/devices.ts';
import { attentionGraph } from '../onnx/small-graphs.ts';

/** New rows in a run that are tried, most first. From 32 on, onnxruntime's WebGPU takes another way through its shaders. */
const triedRows = [48, 31, 8] as const;
const tolerance = 1e-3;

type AttentionShape = Pick<ModelParameters, 'heads' | 'keyValueHeads' | 'headSize'>;

/** What an in-place decoder needs of the GPU. */
export interface InPlaceSupport {
  readonly buffers: DeviceBuffers;
  /** See {@link rightRowsAtOnce}. */
  readonly rowsAtOnce: number | null;
}

export interface FoundSupport {
  /** Null where keys and values cannot be kept in place. */
  readonly support: InPlaceSupport | null;
  /** What is not as it should be; null where all is. */
  readonly note: string | null;
}

/** Makes what an in-place decoder needs of the GPU, where its driver can be trusted with it. */
export async function openInPlaceSupport(parameters: AttentionShape): Promise<FoundSupport> {
  const buffers = await DeviceBuffers.open();
  try {
    const rowsAtOnce = await rightRowsAtOnce(parameters, buffers);
    if (rowsAtOnce === null) return { support: { buffers, rowsAtOnce }, note: null };
    if (rowsAtOnce > 0) {
      const note = `Its driver gets attention right up to ${rowsAtOnce} tokens in a run: longer prompts go in pieces.`;
      return { support: { buffers, rowsAtOnce }, note };
    }
  } catch (error) {
    await buffers.release();
    throw error;
  }
  await buffers.release();
  return {
    support: null,
    note: 'Its driver gets attention wrong, so keys and values go there and back at every token.',
  };
}

/**
 * How many new rows the in-place attention of a GPU gets right in one run: null for any number, 0 where it is not to
 * be used at all. Its shaders depend on the GPU's subgroups, and have been wrong before on some (onnxruntime pull
 * requests 23637 and 28520); with subgroups of 4, those of 1.30 are from 32 rows on. So every GPU is compared with
 * the CPU before it is trusted, on heads of the model's own shape.
 */
export async function rightRowsAtOnce(shape: AttentionShape, buffers: DeviceBuffers): Promise<number | null> {
  const graph = attentionGraph(shape.heads, shape.keyValueHeads);
  const open = (device: 'cpu' | 'webgpu'): Promise<InferenceSession> =>
    InferenceSession.create(graph, { executionProviders: executionProviders(device), logSeverityLevel: 3 });
  const cpu = await open('cpu');
  try {
    const gpu = await open('webgpu');
    try {
      for (const rows of triedRows) {
        // New rows are tried as the first ones, then a single one as in decoding, and then several behind others.
        if (await agrees([rows, 1, rows], shape, cpu, gpu, buffers))
          return rows === triedRows[0] ? null : rows;
      }
      return 0;
    } finally {
      await gpu.release();
    }
  } finally {
    await cpu.release();
  }
}

async function agrees(
  runs: readonly number[],
  { heads, keyValueHeads, headSize }: AttentionShape,
  cpu: InferenceSession,
  gpu: InferenceSession,
  buffers: DeviceBuffers,
): Promise<boolean> {
  const capacity = runs.reduce((sum, rows) => sum + rows, 0) + 3;
  const kept: Tensor[] = [];
  try {
    for (let count = 0; count < 2; count += 1)
      kept.push(await buffers.make(keyValueHeads, capacity, headSize));
    const [key, value] = kept as [Tensor, Tensor];
    const empty = (): Tensor => new Tensor('float32', new Float32Array(0), [1, keyValueHeads, 0, headSize]);
    let [pastKey, pastValue] = [empty(), empty()];
    let length = 0;
    for (const rows of runs) {
      const total = length + rows;
      const part = (seed: number, width: number): Tensor =>
        new Tensor('float32', waves(rows * width, seed + length), [1, rows, width]);
      const feeds = {
        query: part(1, heads * headSize),
        key: part(2, keyValueHeads * headSize),
        value: part(3, keyValueHeads * headSize),
        last_key: new Tensor('int32', Int32Array.of(total - 1), [1]),
        total: new Tensor('int32', Int32Array.of(total), [1]),
        bias: new Tensor('float32', attentionBias({ tokens: rows, attention: null }, length), [
          1,
          1,
          rows,
          total,
        ]),
      };
      const expected = await cpu.run({ ...feeds, past_key: pastKey, past_value: pastValue });
      const found = await gpu.run(
        { ...feeds, past_key: key, past_value: value },
        { attended: null, present_key: key, present_value: value },
      );
      found['present_key']!.dispose();
      found['present_value']!.dispose();
      [pastKey, pastValue] = [expected['present_key']!, expected['present_value']!] as [Tensor, Tensor];
      const [right, own] = [expected['attended']!.data, found['attended']!.data] as [
        Float32Array,
        Float32Array,
      ];
      if (!right.every((wanted, index) => Math.abs(wanted - own[index]!) < tolerance)) return false;
      length = total;
    }
    return true;
  } finally {
    for (const buffer of kept) buffers.free(buffer);
  }
}

/** Makes numbers within 2 of 0 that do not repeat, so that scores differ and no key can be taken for another. */
function waves(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => 2 * Math.sin(index * 12.9898 + seed * 78.233));
}
