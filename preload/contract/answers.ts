import { z } from 'zod';
import { ErrorReport } from './errors.ts';
import { FrameEye } from './stereo.ts';
import {
  AnswerId,
  Box,
  FrameRef,
  ModelId,
  QuestionId,
  SessionId,
  Sha256,
  Size,
  TimeBase,
  Timestamp,
} from './values.ts';
import { ShownName } from './visible-text.ts';

/** Answers, with the frame, the model, the settings and the evidence that they keep. */

/** What names a frame for good: which file, which frame, when, and which pixels. */
export const FrameIdentity = FrameRef.omit({ videoId: true }).extend({
  /** Content fingerprint of the video file; a picture stream that is not its first stands behind a colon, as in `…:2`. */
  fingerprint: z.string(),
  timeBase: TimeBase,
  /**
   * SHA-256 of the decoded RGB24 pixels with their size: of the picture as coded, before it is turned or mirrored as the
   * file asks and its pixels are made square. Of a stereo recording of which one eye is reviewed: of that eye's part of it.
   */
  hash: Sha256,
  /** What decoded it, such as `ffmpeg 5.1.9-0+deb12u1`; null for answers from before this was kept. */
  decoder: z.string().nullable().default(null),
  /** Size of the picture as displayed, which the model was given; boxes are in its pixels. */
  picture: Size.optional(),
  /** The eye of a stereo recording whose picture this is, and where that lies; missing for the whole picture. */
  eye: FrameEye.optional(),
  /** The file is damaged here: the decoder drew what it could. Missing for answers from before this was kept. */
  isDamaged: z.boolean().optional(),
  /** Of a question about a region: what the model was given in place of the whole picture. */
  crop: z
    .object({
      /** In whole pixels of the picture as displayed. */
      region: Box,
      /** SHA-256 of the region's pixels, written as for the whole picture, as they were given to the model. */
      hash: Sha256,
    })
    .optional(),
});
export type FrameIdentity = z.infer<typeof FrameIdentity>;

/** Of answers that are drawn where nobody says another: greedy ones would all be the same. */
export const samplesTemperature = 0.7;

const settings = {
  temperature: z.number().min(0).max(2),
  topK: z.int().min(0).max(1000),
  topP: z.number().gt(0).max(1),
  repetitionPenalty: z.number().min(0.5).max(2),
  seed: z.int().min(0).max(0xffffffff),
  /** Null: the model's own limit. */
  maxNewTokens: z.int().positive().max(8192).nullable(),
};

/** What somebody sets for one answer; what is left out is the model's own choice, so nothing is filled in. */
export const GivenSettings = z.object(settings).partial();
export type GivenSettings = z.infer<typeof GivenSettings>;

/** Decoding settings of one answer. Temperature 0 is greedy: always the same text. */
export const AnswerSettings = z.object({
  temperature: settings.temperature.default(0),
  topK: settings.topK.default(0),
  topP: settings.topP.default(1),
  repetitionPenalty: settings.repetitionPenalty.default(1),
  seed: settings.seed.default(0),
  maxNewTokens: settings.maxNewTokens.default(null),
});
export type AnswerSettings = z.infer<typeof AnswerSettings>;

export const AnswerStatus = z.enum([
  /** Waits for its turn: the model has not begun. */
  'queued',
  'running',
  'answered',
  'answered-without-location',
  'not-visible',
  /** The model was not taught this kind of question, and nobody wanted an answer all the same. */
  'refused',
  'malformed',
  'stopped',
  'failed',
]);
export type AnswerStatus = z.infer<typeof AnswerStatus>;

/** Whether an answer is still to come to its end. */
export const isUnderWay = (status: AnswerStatus): boolean => status === 'queued' || status === 'running';

export const AnswerTimings = z.object({
  decodeFrameMilliseconds: z.number().min(0),
  preprocessMilliseconds: z.number().min(0),
  visionMilliseconds: z.number().min(0),
  prefillMilliseconds: z.number().min(0),
  firstTokenMilliseconds: z.number().min(0),
  decodeMilliseconds: z.number().min(0),
  totalMilliseconds: z.number().min(0),
});
export type AnswerTimings = z.infer<typeof AnswerTimings>;

export const TokenCounts = z.object({
  prompt: z.int().min(0),
  image: z.int().min(0),
  generated: z.int().min(0),
});
export type TokenCounts = z.infer<typeof TokenCounts>;

/**
 * What the model's own numbers say of its answer. Natural logarithms of probabilities. They tell how sure the model
 * was, not whether it is right.
 */
export const AnswerEvidence = z.object({
  /**
   * Of the reasoning's tokens, all together. A model that names its label in the reasoning decides there: the label
   * after it is then as good as certain, however unsure the reasoning was. Missing in answers from before it was
   * kept, null where the model wrote no reasoning of its own.
   */
  reasoningLogProbability: z.number().max(0).nullable().optional(),
  /**
   * What the model was asked, where that is not the question as it was typed but the same one in words that the model
   * was taught: see `understandQuestion`.
   */
  askedAs: z.string().optional(),
  /** Of a question of no kind that the model was taught; missing where it was taught it, or nobody states what it was. */
  question: z
    .object({
      /** Words of the question that no question had that the model was taught. */
      untaughtWords: z.array(z.string()),
      /** The nearest questions that it was taught. */
      rewrites: z.array(z.string()),
    })
    .optional(),
  /**
   * How far the picture lies from those that the model was taught with, and from where on it is unlike them; missing
   * where the model cannot tell.
   */
  picture: z.object({ distance: z.number().min(0), threshold: z.number().positive() }).optional(),
  /**
   * How likely the answer is to be right, by the model's calibration; missing where the model has none for its weights,
   * null where the answer has not the numbers for it.
   */
  calibrated: z.number().min(0).max(1).nullable().optional(),
  /** Of the label's tokens, among all tokens. */
  labelLogProbability: z.number().max(0).nullable(),
  /** Of the four corners' tokens, among all tokens; null without a box. */
  boxLogProbability: z.number().max(0).nullable(),
  /**
   * The labels that were possible, each with its probability among them, the most likely first; the label of the
   * answer is one of them. Empty where the model may write any text.
   */
  choices: z.array(z.object({ label: z.string(), probability: z.number().min(0).max(1) })),
  /** Of `choices`, in bits: 0 where the model was sure. */
  entropy: z.number().min(0).nullable(),
});
export type AnswerEvidence = z.infer<typeof AnswerEvidence>;

/** The model as an answer remembers it. */
export const ModelStamp = z.object({
  id: ModelId,
  name: ShownName,
  /** Null in answers from before it was kept. */
  version: z.preprocess((value) => value ?? null, ShownName.nullable()),
  /** Null where it answered on a server that doesn't prove which weights it has. */
  sha256: Sha256.nullable(),
  /** As shown to a person: 'CPU', 'WebGPU', 'Server gpu.hospital.local:8000'. */
  device: ShownName,
  domain: z.enum(['synthetic', 'surgical', 'general', 'unknown']),
});
export type ModelStamp = z.infer<typeof ModelStamp>;

/** One of several things that an answer names. */
export const AnswerItem = z.object({
  label: z.string(),
  /** In pixels of the frame as displayed; null where the model gave none that can be used. */
  box: Box.nullable(),
});
export type AnswerItem = z.infer<typeof AnswerItem>;

export const Answer = z.object({
  id: AnswerId,
  questionId: QuestionId,
  sessionId: SessionId,
  status: AnswerStatus,
  label: z.string().nullable(),
  /** In pixels of the frame as displayed, in its own size; null where there are items. */
  box: Box.nullable(),
  /** Of a list answer: each thing with its box. Empty for an answer of one thing. */
  items: z.preprocess((value) => value ?? [], z.array(AnswerItem)),
  reasoning: z.string(),
  /** What the model wrote, unaltered. */
  raw: z.string(),
  /** Probability that the model gave to its label's tokens among all tokens, 0..1. People are shown `surenessOf`. */
  probability: z.number().min(0).max(1).nullable(),
  /** Null where the answer has none: it has not ended well, or was written before evidence was kept. */
  evidence: z.preprocess((value) => value ?? null, AnswerEvidence.nullable()),
  notes: z.array(z.string()),
  frame: FrameIdentity.nullable(),
  model: ModelStamp.nullable(),
  settings: AnswerSettings,
  /** The frame's size as the model saw it, after resizing. */
  modelInput: Size.nullable(),
  tokens: TokenCounts.nullable(),
  timings: AnswerTimings.nullable(),
  error: ErrorReport.nullable(),
  createdAt: Timestamp,
  endedAt: Timestamp.nullable(),
});
export type Answer = z.infer<typeof Answer>;

/** Everything that an answer places on the picture: its items, or its one box with its label. */
export const placedItems = ({
  label,
  box,
  items,
}: Pick<Answer, 'label' | 'box' | 'items'>): { label: string; box: Box }[] =>
  (items.length > 0 ? items : [{ label: label ?? '', box }]).flatMap((item) =>
    item.box === null ? [] : [{ label: item.label, box: item.box }],
  );
