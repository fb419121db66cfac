/**
 * The inference engine: an imported model's folder in, localised answers out.
 *
 * `createEngine` runs the model in a process of its own, which is what the workstation uses. `Answerer` and
 * `ModelRunner` are the same thing in this process, for checks, imports and measurements.
 */
export { createEngine } from './client.ts';
export {
  EngineLostError,
  type AskRequest,
  type Engine,
  type EngineOptions,
  type LoadRequest,
  type PartialAnswer,
} from './engine.ts';
export type { EnginePhase, EngineState } from './engine-state.ts';
export { engineEntry, startWithNode, type EngineChild, type StartEngine } from './engine-host.ts';
export type { AnswerResult, EngineFrame, EngineSettings, EngineText, ModelInfo } from './engine-messages.ts';
export { Answerer, type AnswerRequest, type OpenAnswererOptions } from './answerer.ts';
export {
  parseAnswer,
  parseAnswerText,
  type AnswerContext,
  type ParsedAnswer,
  type ParsedText,
} from './answer-parser.ts';
export { AnswerSplitter, type AnswerText } from './answer-stream.ts';
export { deviceNames, deviceWishes, type Device, type DeviceWish } from './devices.ts';
export {
  ImageProcessor,
  ImageProcessorConfig,
  type PreparedImage,
  type RgbImage,
} from './image-processor.ts';
export { KeyValueCache } from './key-value-cache.ts';
export { openModelDirectory, type ModelDirectory } from './model-directory.ts';
export { modelSha256 } from './model-files.ts';
export type { DecoderCache, DecoderGraph, DecoderInput, ModelGraphs, VisionGraph } from './model-graphs.ts';
export { ModelRunner, type PrefillOptions } from './model-runner.ts';
export { connectToParent, type ParentPort } from './parent-port.ts';
export { promptPositions, TextRotary, type ImageGrid, type PromptPositions } from './positions.ts';
export { argmax, logSumExp, Sampler } from './sampling.ts';
export { smartResize } from './smart-resize.ts';
export { ModelTokenizer } from './tokenizer.ts';
export { visionPositions, windowLayout, type WindowLayout } from './window-layout.ts';
