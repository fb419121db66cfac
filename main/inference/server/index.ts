/**
 * A model on a server of the hospital's own, behind the same `Engine` as the process on this machine. Off unless an
 * administrator has written its configuration; see docs/SERVER.md.
 */
export {
  configurationPlaces,
  readServerConfiguration,
  serverAddress,
  type ServerConfiguration,
} from './configuration.ts';
export { publicKeyPin } from './pins.ts';
export { inspectServer, type ProbeOptions, type ServerReport } from './probe.ts';
export { createServerEngine, serverModelId, type ServerEngineOptions } from './server-engine.ts';
export { createEngineChoice, serverDirectory } from './engine-choice.ts';
