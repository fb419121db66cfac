/** What is needed of ONNX's numbers without the runtime that runs its graphs. */
export { float16Values, toFloat16 } from './float16.ts';
