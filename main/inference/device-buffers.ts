import { InferenceSession, Tensor } from 'onnxruntime-node';
import { oneNodeGraph } from './small-graphs.ts';

/**
 * Tensors of 32-bit floats `[1, heads, rows, size]` in a GPU's memory, for graphs of other sessions to read and write.
 * The provider makes none by itself, so they are outputs of two graphs of one node that stay where they were made.
 */
export class DeviceBuffers {
  readonly #zeros: InferenceSession;
  readonly #joined: InferenceSession;
  #live = 0;
  #liveBytes = 0;

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

  /** Tensors that were made and not freed. */
  get live(): number {
    return this.#live;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Zeros `[1, heads, rows, size]`. */
  async make(heads: number, rows: number, size: number): Promise<Tensor> {
    const { y } = await this.#zeros.run({
      x: new Tensor('float32', new Float32Array(1), [1, 1, 1, 1]),
      shape: new Tensor('int64', BigInt64Array.from([1, heads, rows, size].map(BigInt)), [4]),
    });
    return this.#counted(y!);
  }

  /** The same values with room for `rows` rows; `buffer` is freed. */
  async enlarge(buffer: Tensor, rows: number): Promise<Tensor> {
    const [, heads, before, size] = buffer.dims as [number, number, number, number];
    const more = await this.make(heads, rows - before, size);
    try {
      const { y } = await this.#joined.run({ x: buffer, more });
      this.free(buffer);
      return this.#counted(y!);
    } finally {
      this.free(more);
    }
  }

  free(buffer: Tensor): void {
    this.#live -= 1;
    this.#liveBytes -= buffer.size * Float32Array.BYTES_PER_ELEMENT;
    buffer.dispose();
  }

  #counted(buffer: Tensor): Tensor {
    this.#live += 1;
    this.#liveBytes += buffer.size * Float32Array.BYTES_PER_ELEMENT;
    return buffer;
  }

  async release(): Promise<void> {
    await this.#zeros.release();
    await this.#joined.release();
  }
}
