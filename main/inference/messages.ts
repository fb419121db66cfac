import { z } from 'zod';
import {
  AnswerEvidence,
  AnswerItem,
  AnswerSettings,
  AnswerTimings,
  TokenCounts,
} from '../../preload/contract/domain.ts';
import { ErrorReport } from '../../preload/contract/errors.ts';
import { ModelDomain, ModelLabels, RegionWay } from '../../preload/contract/model.ts';
import { Box, ModelId, Sha256, Size } from '../../preload/contract/values.ts';
import { devices, deviceWishes } from '../../preload/contract/devices.ts';

const bytes = z.number().min(0);

/** What a model will take of memory; see `estimateMemory`. */
export const MemoryEstimate = z.object({
  /** The program itself with its runtime. */
  program: bytes,
  weights: bytes,
  /** The most that is needed while the model looks at a frame of 1920 x 1080, or reads a piece of a prompt. */
  working: bytes,
  /** The same for the largest frame that the model takes on this machine. */
  workingMost: bytes,
  /** Keys and values of one token, and of as many as the model can hold at once. */
  keyValuesPerToken: bytes,
  keyValuesFullContext: bytes,
  /** Frames whose features are kept, at most. */
  frameCache: bytes,
  /** Needed to answer a usual question: what a refusal goes by. */
  needed: bytes,
  /** With the largest frame, the full context and a full frame cache. */
  most: bytes,
  /** How much memory was free for the engine when this was estimated. */
  free: bytes,
});
export type MemoryEstimate = z.infer<typeof MemoryEstimate>;

/** What the engine says of the model that it has loaded. */
export const ModelInfo = z.object({
  id: ModelId,
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  domain: ModelDomain,
  domainNote: z.string(),
  dtype: z.string(),
  /** Identity of the model: see `modelSha256`. Null where a server doesn't prove which weights it has. */
  sha256: Sha256.nullable(),
  device: z.enum([...devices, 'server']),
  /** Host and port, where the device is a server. */
  server: z.string().optional(),
  deviceReason: z.string(),
  /** Whether a faster device was wanted but does not work here. */
  deviceFallback: z.boolean(),
  /** Resident memory of the engine's process after loading; null for a server. */
  memoryBytes: z.int().min(0).nullable(),
  /** What it was expected to take; missing for a server. */
  memoryEstimate: MemoryEstimate.optional(),
  /** How the CPU is used, and why so: `2 threads, measured 2026-11-22: ...`; missing for a server. */
  threads: z.object({ threads: z.int().positive(), spinning: z.boolean(), reason: z.string() }).optional(),
  labels: ModelLabels.nullable(),
  /** False if the model has no tokenizer, so that it can be checked but not asked. */
  canAsk: z.boolean(),
  /** How many questions are answered together at most; 1 if this is missing. */
  answersTogether: z.int().positive().optional(),
  /** How many tokens an answer gets at most if the settings give no other number. */
  maxNewTokens: z.int().positive(),
  /** How it is asked about a region. */
  regions: RegionWay.optional(),
});
export type ModelInfo = z.infer<typeof ModelInfo>;

/** A frame to ask about: 8-bit RGB24 without row padding, and the hash that names these pixels. */
export const EngineFrame = z.object({
  rgb: z.instanceof(Uint8Array),
  width: z.int().positive(),
  height: z.int().positive(),
  hash: z.string().min(1),
});
export type EngineFrame = z.infer<typeof EngineFrame>;

/** A part of the frame as a picture of its own, for a question about it. */
export const EngineRegion = EngineFrame.extend({
  /** Where it lies, in whole pixels of the frame. */
  region: Box,
});
export type EngineRegion = z.infer<typeof EngineRegion>;

/** How a model had the region that it was asked about. */
export const GivenRegion = z.object({
  given: RegionWay,
  /** If the region was beside the whole frame: the size at which the model saw it, and the words that said what it is. */
  input: Size.optional(),
  words: z.string().optional(),
});
export type GivenRegion = z.infer<typeof GivenRegion>;

export const EngineSettings = z.object({
  temperature: AnswerSettings.shape.temperature.removeDefault().optional(),
  topK: AnswerSettings.shape.topK.removeDefault().optional(),
  topP: AnswerSettings.shape.topP.removeDefault().optional(),
  /** The model's own setting by default, from its generation_config.json. */
  repetitionPenalty: AnswerSettings.shape.repetitionPenalty.removeDefault().optional(),
  seed: AnswerSettings.shape.seed.removeDefault().optional(),
  maxNewTokens: AnswerSettings.shape.maxNewTokens.removeDefault().optional(),
});
export type EngineSettings = z.infer<typeof EngineSettings>;

/** Text as the model writes it. */
export const EngineText = z.object({
  section: z.enum(['reasoning', 'answer']),
  text: z.string(),
  /** Tokens generated so far. */
  generatedTokens: z.int().min(0),
});
export type EngineText = z.infer<typeof EngineText>;

export const AnswerResult = z.object({
  status: z.enum(['answered', 'answered-without-location', 'not-visible', 'refused', 'malformed', 'stopped']),
  label: z.string().nullable(),
  /** In pixels of the source frame; null where there are items. */
  box: Box.nullable(),
  /** The things of a list answer, boxes in pixels of the source frame. */
  items: z.array(AnswerItem),
  reasoning: z.string(),
  /** What the model wrote, unaltered. */
  raw: z.string(),
  /** Product of the probabilities that the model gave to the tokens of its label; null without a label. */
  probability: z.number().min(0).max(1).nullable(),
  /** Null if the answer was stopped or cut off. */
  evidence: AnswerEvidence.nullable(),
  notes: z.array(z.string()),
  tokens: TokenCounts,
  /** The frame's size as the model saw it, or that of a region that it had alone; null if it was stopped before that. */
  modelInput: Size.nullable(),
  /** Missing for a question about the whole frame, and for an answer that was stopped before the model had it. */
  region: GivenRegion.optional(),
  /** The settings that were used, with the model's own values where none were given. */
  settings: AnswerSettings,
  /** Whether the model's look at the frame was kept from an earlier question. */
  frameSeenBefore: z.boolean(),
  timings: AnswerTimings.omit({ decodeFrameMilliseconds: true }),
});
export type AnswerResult = z.infer<typeof AnswerResult>;

/** Of an answer that has not begun. */
export const noTimings: Readonly<AnswerResult['timings']> = {
  preprocessMilliseconds: 0,
  visionMilliseconds: 0,
  prefillMilliseconds: 0,
  firstTokenMilliseconds: 0,
  decodeMilliseconds: 0,
  totalMilliseconds: 0,
};

/** What the engine is doing. */
export const WorkPhase = z.enum(['load', 'preprocess', 'vision', 'prefill', 'decode']);
export type WorkPhase = z.infer<typeof WorkPhase>;

export const DeviceWish = z.enum(deviceWishes);

const id = z.int().min(0);

/**
 * From the workstation to the engine's process. One load at a time and nothing beside it; questions together, as many
 * as the model answers together; cancel at any time.
 */
export const ToEngine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('load'),
    id,
    directory: z.string(),
    device: DeviceWish,
    /** Which of a folder's graphs to use; null for those that suit the device. */
    variant: z.string().nullable(),
    threads: z.int().positive().nullable(),
    /** Where measurements are remembered. */
    cacheFolder: z.string().nullable(),
    /** Reasons not to touch a device that are known already. */
    troubles: z.partialRecord(z.enum(devices), z.string()),
    /** How much resident memory ends the process. */
    memoryCeilingBytes: z.number().positive(),
  }),
  z.object({
    type: z.literal('ask'),
    id,
    frame: EngineFrame,
    region: EngineRegion.optional(),
    question: z.string().min(1),
    settings: EngineSettings,
    /** See `AnswerRequest`. */
    reproducible: z.boolean(),
    onlyTaught: z.boolean(),
    onlyLike: z.boolean(),
  }),
  z.object({ type: z.literal('cancel'), id }),
]);
export type ToEngine = z.infer<typeof ToEngine>;

/** From the engine's process to the workstation. */
export const FromEngine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('progress'),
    id,
    activity: z.string(),
    /** 0..1 of the whole load. */
    fraction: z.number().min(0).max(1),
  }),
  /** A device is about to be touched. If that ends the process, this is the last message from it. */
  z.object({ type: z.literal('trying'), id, device: z.enum(devices) }),
  /** What the model will take of memory, before its graphs are opened. */
  z.object({ type: z.literal('estimate'), id, estimate: MemoryEstimate }),
  z.object({ type: z.literal('loaded'), id, info: ModelInfo }),
  /** What the answer under way has come to; what follows may block the thread. */
  z.object({ type: z.literal('phase'), id, phase: WorkPhase }),
  z.object({
    type: z.literal('text'),
    id,
    /** The model's text as it is; its pieces, tags removed, in `shown`. */
    raw: z.string(),
    shown: z.array(EngineText.pick({ section: true, text: true })),
    generatedTokens: z.int().min(0),
  }),
  z.object({ type: z.literal('answered'), id, result: AnswerResult }),
  z.object({ type: z.literal('failed'), id, error: ErrorReport }),
  /** The device failed in the middle of the work, so this process is of no more use. */
  z.object({ type: z.literal('device-lost'), id, device: z.enum(devices), reason: z.string() }),
  /**
   * Every second while the engine's main thread is free; not during a run of a graph. A second thread tells memory
   * and processor time all along, on the standard output: see `heartbeat-thread.ts`.
   */
  z.object({ type: z.literal('heartbeat'), residentBytes: z.int().min(0) }),
]);
export type FromEngine = z.infer<typeof FromEngine>;
