/**
 * The inference engine: an imported model's folder in, localised answers out.
 *
 * `createEngine` runs the model in a process of its own, which is what the workstation uses. `Answerer` and
 * `ModelRunner` are the same thing in this process, for checks, imports and measurements.
 */
export { createEngine } from './engine/client.ts';
export {
  EngineLostError,
  type AskRequest,
  type Engine,
  type EngineOptions,
  type LoadRequest,
  type PartialAnswer,
} from './engine/engine.ts';
export type { EnginePhase, EngineState } from './engine/engine-state.ts';
export { removeOldReports } from './old-reports.ts';
export { engineEnvironment } from './processes/index.ts';
export { engineEntry } from './engine/engine-entry.ts';
export { startWithNode, type EngineChild, type StartEngine } from './processes/index.ts';
export type {
  AnswerResult,
  EngineFrame,
  EngineRegion,
  EngineSettings,
  EngineText,
  ModelInfo,
} from './messages.ts';
export { Answerer, type AnswerRequest, type OpenAnswererOptions } from './answer/answerer.ts';
export {
  parseAnswer,
  parseAnswerText,
  type AnswerContext,
  type ParsedAnswer,
  type ParsedText,
} from './grammar/answer-parser.ts';
export { AnswerSplitter, type AnswerText } from './grammar/answer-stream.ts';
export { deviceName, deviceNames, deviceWishes, type Device, type DeviceWish } from './devices/devices.ts';
export {
  ImageProcessor,
  ImageProcessorConfig,
  type PreparedImage,
  type RgbImage,
} from './image/image-processor.ts';
export { KeyValueCache } from './graphs/key-value-cache.ts';
export type { ModelDirectory } from './model/model-directory.ts';
export { openModelDirectory } from './model/open-model-directory.ts';
export { modelSha256 } from './model/model-files.ts';
export type {
  DecoderCache,
  DecoderGraph,
  DecoderInput,
  ModelGraphs,
  VisionGraph,
} from './graphs/model-graphs.ts';
export { ModelRunner, type PrefillOptions } from './runner/model-runner.ts';
export { connectToParent, type ParentPort } from './processes/index.ts';
export { promptPositions, TextRotary, type ImageGrid, type PromptPositions } from './model/positions.ts';
export {
  dimensionsOf,
  distanceFrom,
  gateBytes,
  mostDimensions,
  PictureGate,
  picturesFile,
  pooled,
  readNumbers,
  writeNumbers,
  type GateNumbers,
} from './model/picture-gate.ts';
export { Sampler } from './decoding/sampling.ts';
export { argmax, logProbability, logSumExp } from './grammar/log-probabilities.ts';
export { smartResize } from './image/smart-resize.ts';
export { ModelTokenizer } from './model/tokenizer.ts';
export { visionPositions, windowLayout, type WindowLayout } from './graphs/window-layout.ts';
export { checkThatModelSees } from './runner/vision-self-test.ts';
