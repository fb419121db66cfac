import { InferenceSession, Tensor } from '../onnx-runtime.ts';
import { oneNodeGraph } from '../onnx/small-graphs.ts';

/** What this process holds in a GPU's memory beside the weights: made and not freed, by any decoder. */
export interface DeviceMemory {
  tensors: number;
  bytes: number;
}

const held: DeviceMemory = { tensors: 0, bytes: 0 };

export function deviceMemory(): Readonly<DeviceMemory> {
  return { ...held };
}

/**
 * Tensors of 32-bit floats `[1, heads, rows, size]` in a GPU's memory, for graphs of other sessions to read and write.
 * The provider makes none by itself, so they are outputs of two graphs of one node that stay where they were made.
 */
export class DeviceBuffers {
  readonly #zeros: InferenceSession;
  readonly #joined: InferenceSession;

  private constructor(zeros: InferenceSession, joined: InferenceSession) {
    this.#zeros = zeros;
    this.#joined = joined;
  }

  static async open(): Promise<DeviceBuffers> {
    const value = (name: string) => ({ name, type: 'float32', rank: 4 }) as const;
    const shape = { name: 'shape', type: 'int64', rank: 1 } as const;
    const onDevice = { executionProviders: ['webgpu'], preferredOutputLocation: 'gpu-buffer' } as const;
    const zeros = await InferenceSession.create(
      oneNodeGraph('Expand', [value('x'), shape], value('y')),
      onDevice,
    );
    try {
      const graph = oneNodeGraph('Concat', [value('x'), value('more')], value('y'), { axis: 2 });
      return new DeviceBuffers(zeros, await InferenceSession.create(graph, onDevice));
    } catch (error) {
      await zeros.release();
      throw error;
    }
  }

  /** Zeros `[1, heads, rows, size]`. */
  async make(heads: number, rows: number, size: number): Promise<Tensor> {
    const { y } = await this.#zeros.run({
      x: new Tensor('float32', new Float32Array(1), [1, 1, 1, 1]),
      shape: new Tensor('int64', BigInt64Array.from([1, heads, rows, size].map(BigInt)), [4]),
    });
    return counted(y!);
  }

  /** The same values with room for `rows` rows; `buffer` is freed. */
  async enlarge(buffer: Tensor, rows: number): Promise<Tensor> {
    const [, heads, before, size] = buffer.dims as [number, number, number, number];
    const more = await this.make(heads, rows - before, size);
    try {
      const { y } = await this.#joined.run({ x: buffer, more });
      this.free(buffer);
      return counted(y!);
    } finally {
      this.free(more);
    }
  }

  free(buffer: Tensor): void {
    held.tensors -= 1;
    held.bytes -= buffer.size * Float32Array.BYTES_PER_ELEMENT;
    buffer.dispose();
  }

  async release(): Promise<void> {
    await this.#zeros.release();
    await this.#joined.release();
  }
}

function counted(buffer: Tensor): Tensor {
  held.tensors += 1;
  held.bytes += buffer.size * Float32Array.BYTES_PER_ELEMENT;
  return buffer;
}
