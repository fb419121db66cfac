/**
 * How processes of our own begin, talk, report about themselves, and end, whoever starts them. This part loads no runtime.
 */
export { engineEnvironment } from './environment.ts';
export { readHeartbeat, startHeartbeat, type Heartbeat } from './heartbeat.ts';
export { connectToParent, type ParentPort } from './parent-port.ts';
export { explainExit, type ExitCause, type ExitReason } from './process-exit.ts';
export { startWithNode, type EngineChild, type StartEngine } from './start-process.ts';
