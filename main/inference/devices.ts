import { InferenceSession, Tensor } from 'onnxruntime-node';
import { WorkstationError } from '../../preload/contract/errors.ts';

/** What a person may ask for; `auto` lets the engine choose and say why. */
export type DeviceWish = 'auto' | 'cpu' | 'webgpu';
export type Device = 'cpu' | 'webgpu';

export interface DeviceChoice {
  readonly device: Device;
  /** Why this device, in words for a person. */
  readonly reason: string;
  /** A faster device was wanted, and does not work here. */
  readonly fallback: boolean;
}

/** Below this, moving inputs and outputs to a GPU and back costs more than it saves. */
export const webgpuWorthBytes = 200 * 2 ** 20;

/** Runs a graph of one node on WebGPU. Returns null when it works, else the reason why not. */
export async function probeWebgpu(): Promise<string | null> {
  try {
    const session = await InferenceSession.create(additionGraph(), { executionProviders: ['webgpu'] });
    try {
      const outputs = await session.run({ x: new Tensor('float32', Float32Array.of(1.5), [1]) });
      return (outputs['y']?.data as Float32Array)[0] === 3 ? null : 'WebGPU returned a wrong sum';
    } finally {
      await session.release();
    }
  } catch (error) {
    return firstLine(error);
  }
}

/**
 * Chooses the device for a model, never silently.
 * @param modelBytes Bytes of the model's graphs and weights.
 * @param webgpuTrouble A reason known before not to touch WebGPU: it has ended this engine's process once.
 * @throws WorkstationError `unavailable` when WebGPU was asked for by name and does not work.
 */
export async function chooseDevice(
  wish: DeviceWish,
  modelBytes: number,
  webgpuTrouble: string | null,
  probe: () => Promise<string | null> = probeWebgpu,
): Promise<DeviceChoice> {
  if (wish === 'cpu') return { device: 'cpu', reason: 'The CPU was asked for.', fallback: false };
  if (wish === 'auto' && modelBytes < webgpuWorthBytes) {
    const megabytes = Math.max(1, Math.round(modelBytes / 2 ** 20));
    return {
      device: 'cpu',
      reason: `The model is small (${megabytes} MB): a GPU pays from ${webgpuWorthBytes / 2 ** 20} MB.`,
      fallback: false,
    };
  }
  const trouble = webgpuTrouble ?? (await probe());
  if (trouble === null) {
    return {
      device: 'webgpu',
      reason: wish === 'webgpu' ? 'WebGPU was asked for.' : 'A GPU is there, and the model is large enough.',
      fallback: false,
    };
  }
  if (wish === 'webgpu') {
    throw new WorkstationError(
      'unavailable',
      `WebGPU was asked for and does not work here: ${trouble}`,
      'Choose the CPU, or install the graphics driver of this machine.',
    );
  }
  return { device: 'cpu', reason: `WebGPU does not work here: ${trouble}`, fallback: true };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // onnxruntime puts its own source line and condition before the cause.
  return message
    .split('\n')[0]!
    .replace(/^.* was false\. /, '')
    .slice(0, 300);
}

/** An ONNX model of one node, y = x + x, in its protobuf encoding: there is no smaller question to ask. */
function additionGraph(): Uint8Array {
  const text = (value: string): number[] => [...new TextEncoder().encode(value)];
  const field = (number: number, bytes: number[]): number[] => [(number << 3) | 2, bytes.length, ...bytes];
  const integer = (number: number, value: number): number[] => [number << 3, value];
  const floatVector = field(1, [...integer(1, 1), ...field(2, field(1, integer(1, 1)))]);
  const value = (name: string): number[] => [...field(1, text(name)), ...field(2, floatVector)];
  const node = [
    ...field(1, text('x')),
    ...field(1, text('x')),
    ...field(2, text('y')),
    ...field(4, text('Add')),
  ];
  const graph = [
    ...field(1, node),
    ...field(2, text('addition')),
    ...field(11, value('x')),
    ...field(12, value('y')),
  ];
  return Uint8Array.from([...integer(1, 8), ...field(7, graph), ...field(8, integer(2, 13))]);
}
