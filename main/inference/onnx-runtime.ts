/**
 * ONNX Runtime without its reports to its maker. A lint rule keeps every other file from importing the package's values
 * itself, so that no process can make a session before the reports are off.
 */
import './no-telemetry.ts';

export { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
