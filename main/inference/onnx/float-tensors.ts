import { Tensor, type InferenceSession } from '../onnx-runtime.ts';
import { WorkstationError } from '../../../preload/contract/errors.ts';
import { float16Values, toFloat16 } from './float16.ts';

/** Element types of the floats that go into a graph and come out of it. */
export type FloatType = 'float32' | 'float16';

/** Values of a float type as a graph has them: half floats as their bits. */
export type FloatArray = Float32Array | Uint16Array;

export const floatBytes: Readonly<Record<FloatType, number>> = { float32: 4, float16: 2 };

export function newFloats(type: FloatType, length: number): FloatArray {
  return type === 'float32' ? new Float32Array(length) : new Uint16Array(length);
}

/** A tensor that holds these values themselves, half floats as their bits. */
export function tensorOver(type: FloatType, values: FloatArray, dims: readonly number[]): Tensor {
  const tensor = new Tensor(type, values, dims);
  // Where JavaScript has a Float16Array the tensor makes one of the bits, which onnxruntime 1.30 then takes for
  // empty (https://github.com/microsoft/onnxruntime/pull/32323). It takes the bits on every version of Node.
  if (type === 'float16') Object.defineProperty(tensor, 'data', { value: values });
  return tensor;
}

/**
 * A tensor of 32-bit floats in the type that a graph takes.
 * @throws WorkstationError `model-mismatch` for a value that half floats don't reach.
 */
export function floatTensor(type: FloatType, values: Float32Array, dims: readonly number[]): Tensor {
  if (type === 'float32') return new Tensor(type, values, dims);
  const halves = new Uint16Array(values.length);
  const tooLarge = toFloat16(values, halves);
  if (tooLarge >= 0) {
    throw new WorkstationError(
      'model-mismatch',
      'A value inside the model is too large for the half floats that its next graph takes.',
      'Use graphs of 32-bit floats, or those with the suffix _q4.',
    );
  }
  return tensorOver(type, halves, dims);
}

/** The values of an output as they came, half floats as their bits. */
export function valuesOf({ type, data }: Tensor): FloatArray {
  if (type === 'float32') return data as Float32Array;
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Uint16Array(buffer as ArrayBuffer, byteOffset, length);
}

/** The values of an output as 32-bit floats. */
export function floatsOf(tensor: Tensor): Float32Array {
  const values = valuesOf(tensor);
  if (values instanceof Float32Array) return values;
  const table = float16Values();
  const floats = new Float32Array(values.length);
  for (let index = 0; index < values.length; index += 1) floats[index] = table[values[index]!]!;
  return floats;
}

/** The element type of a graph's input or output that was found to be one of floats. */
export function floatTypeOf(values: readonly InferenceSession.ValueMetadata[], name: string): FloatType {
  const value = values.find((candidate) => candidate.name === name);
  return value?.isTensor && value.type === 'float16' ? 'float16' : 'float32';
}
