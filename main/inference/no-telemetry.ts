import { isMainThread } from 'node:worker_threads';

/**
 * The official builds of ONNX Runtime report to their maker's collector (`mobile.events.data.microsoft.com`): names of
 * models, processor, timings, a lasting id of the device. On Linux and macOS they do so unless this variable is set when
 * a process makes its first session. No option of the binding turns it off.
 */
export const withoutTelemetry = { ORT_DISABLE_TELEMETRY: '1' } as const;

/**
 * Importing this file turns the reports off for this process and for those that it starts with its environment. A worker
 * thread has only a copy of the environment, which the runtime doesn't read, so the thread that starts it must have
 * imported this file before.
 */
if (isMainThread) Object.assign(process.env, withoutTelemetry);
else if (process.env['ORT_DISABLE_TELEMETRY'] !== withoutTelemetry.ORT_DISABLE_TELEMETRY) {
  throw new Error('A worker thread runs ONNX Runtime, and its main thread has not imported no-telemetry.ts.');
}
