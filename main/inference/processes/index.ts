/** Processes of our own, whoever starts them: how they begin, talk, tell of themselves, and end. Loads no runtime. */
export { engineEnvironment } from './environment.ts';
export { readHeartbeat, startHeartbeat, type Heartbeat } from './heartbeat.ts';
export { connectToParent, type ParentPort } from './parent-port.ts';
export { explainExit, type ExitCause, type ExitReason } from './process-exit.ts';
export { startWithNode, type EngineChild, type StartEngine } from './start-process.ts';
