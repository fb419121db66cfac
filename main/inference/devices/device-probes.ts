import { InferenceSession, listSupportedBackends, Tensor } from '../onnx-runtime.ts';
import { tensorOver, valuesOf } from '../onnx/float-tensors.ts';
import { deviceNames, executionProviders, type Device } from './devices.ts';
import { chainOfProducts, oneNodeGraph } from '../onnx/small-graphs.ts';

/** Whether this build of onnxruntime has a device's provider, as the library itself says. */
export function providerListed(device: Device): boolean {
  const [provider] = executionProviders(device);
  return listSupportedBackends().some(({ name }) => name === provider);
}

/**
 * Runs a graph of one node on a device alone. Returns null when its result is right, else the reason why not, in a
 * line for a person.
 * @param halfFloats Also in 16-bit floats, which not every GPU computes with (WebGPU's `shader-f16`).
 */
export async function probeDevice(device: Device, halfFloats = false): Promise<string | null> {
  if (!providerListed(device))
    return `this build of onnxruntime has no ${deviceNames[device]} on this system`;
  const single = await probeSum(device, 'float32', new Tensor('float32', Float32Array.of(1.5), [1]), 3);
  if (single !== null || !halfFloats) return single;
  // 1.5 and 3 as half floats.
  const half = tensorOver('float16', Uint16Array.of(0x3e00), [1]);
  const trouble = await probeSum(device, 'float16', half, 0x4200);
  return trouble === null ? null : `the adapter has no 16-bit floats (shader-f16): ${trouble}`;
}

async function probeSum(
  device: Device,
  type: 'float32' | 'float16',
  x: Tensor,
  expected: number,
): Promise<string | null> {
  const input = { name: 'x', type, rank: 1 };
  try {
    const session = await openAlone(oneNodeGraph('Add', [input, input], { ...input, name: 'y' }), device);
    try {
      const { y } = await session.run({ x });
      return valuesOf(y!)[0] === expected ? null : `${deviceNames[device]} returned a wrong sum`;
    } finally {
      await session.release();
    }
  } catch (error) {
    return firstLine(error);
  }
}

/**
 * How long a device takes for a chain of matrix products, in ms: the better of three runs after a first one. Nothing
 * but one number goes there and back.
 * @throws what onnxruntime does, or an Error for a wrong result.
 */
export async function timeProducts(device: Device): Promise<number> {
  const size = 512;
  const session = await openAlone(chainOfProducts(size, 6), device);
  try {
    let best = Infinity;
    for (let run = 0; run < 4; run += 1) {
      const start = performance.now();
      // The product of a matrix of 1/n everywhere with itself is the same matrix.
      const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1 / size), [1, 1]) });
      const took = performance.now() - start;
      if (run > 0) best = Math.min(best, took);
      const found = Number((y!.data as Float32Array)[0]) * size;
      if (!(Math.abs(found - 1) < 1e-3)) throw new Error(`${deviceNames[device]} returned a wrong product`);
    }
    return best;
  } finally {
    await session.release();
  }
}

function openAlone(graph: Uint8Array, device: Device): Promise<InferenceSession> {
  const [provider] = executionProviders(device);
  return InferenceSession.create(graph, { executionProviders: [provider], logSeverityLevel: 3 });
}

/** The cause that onnxruntime gives, in one line. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // onnxruntime writes its own source line and condition before the cause.
  return message
    .split('\n')[0]!
    .replace(/^.* was false\. /, '')
    .slice(0, 300);
}
