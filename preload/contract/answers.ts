import { z } from 'zod';
import { ErrorReport } from './errors.ts';
import { RegionWay } from './model.ts';
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

/** Identifies a frame for good, by its file, its number and time, and its pixels. */
export const FrameIdentity = FrameRef.omit({ videoId: true }).extend({
  /** Content fingerprint of the video file; a picture stream that is not its first stands behind a colon, as in `…:2`. */
  fingerprint: z.string(),
  timeBase: TimeBase,
  /**
   * SHA-256 of the decoded RGB24 pixels with their size: of the picture as coded, before it is turned or mirrored as the
   * file asks and its pixels are made square. Of a stereo recording of which one eye is reviewed: of that eye's part of it.
   */
  hash: Sha256,
  /** The decoder, such as `ffmpeg 5.1.9-0+deb12u1`; null for answers from before this was stored. */
  decoder: z.string().nullable().default(null),
  /** Size of the picture as displayed, which the model was given; boxes are in its pixels. */
  picture: Size.optional(),
  /** The eye of a stereo recording whose picture this is, and where that lies; missing for the whole picture. */
  eye: FrameEye.optional(),
  /** Whether the file is damaged here, so that the decoder drew what it could; missing in answers of earlier versions. */
  isDamaged: z.boolean().optional(),
  /** For a question about a region, that part, which the model was given alone or beside the whole picture. */
  crop: z
    .object({
      /** In whole pixels of the picture as displayed. */
      region: Box,
      /** SHA-256 of the region's pixels, written as for the whole picture, before the model's own resizing. */
      hash: Sha256,
      /** Missing until a model has it, and in answers from before there were two ways, which had the region alone. */
      given: RegionWay.optional(),
      /** If it was beside the whole picture: the size at which the model saw it, and the words that said what it is. */
      input: Size.optional(),
      words: z.string().optional(),
    })
    .optional(),
});
export type FrameIdentity = z.infer<typeof FrameIdentity>;

/** The temperature of samples if nobody chooses another; it is above 0, because greedy answers would all be the same. */
export const samplesTemperature = 0.7;

const settings = {
  temperature: z.number().min(0).max(2),
  topK: z.int().min(0).max(1000),
  topP: z.number().gt(0).max(1),
  repetitionPenalty: z.number().min(0.5).max(2),
  seed: z.int().min(0).max(0xffffffff),
  /** Null for the model's own limit. */
  maxNewTokens: z.int().positive().max(8192).nullable(),
};

/** What a person sets for one answer. No defaults are filled in, because the model chooses what is left out. */
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
  /** The model was not taught this kind of question, and the person did not ask it anyway. */
  'refused',
  'malformed',
  'stopped',
  'failed',
]);
export type AnswerStatus = z.infer<typeof AnswerStatus>;

/** Whether an answer has not ended yet. */
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
 * The model's own numbers about its answer, as natural logarithms of probabilities. They tell how sure the model was, not
 * whether it is right.
 */
export const AnswerEvidence = z.object({
  /**
   * Of all tokens of the reasoning together. A model that names its label in the reasoning decides there, so that the label
   * after it is as good as certain, however unsure the reasoning was. Missing in answers from before this was stored, null
   * if the model wrote no reasoning of its own.
   */
  reasoningLogProbability: z.number().max(0).nullable().optional(),
  /**
   * The question that the model was asked, if it differs from the typed one, because it was put into words that the model
   * was taught. See `understandQuestion`.
   */
  askedAs: z.string().optional(),
  /** Set if the model was not taught this kind of question; missing also if its maker does not state what it was taught. */
  question: z
    .object({
      /** Words of the question that occur in no question that the model was taught. */
      untaughtWords: z.array(z.string()),
      /** Questions that the model was taught and that share with this one what is asked or what it is about. */
      rewrites: z.array(z.string()),
      /** Where there are none of those: one question of each kind that the model was taught. */
      askable: z.array(z.string()).optional(),
    })
    .optional(),
  /**
   * How far the picture is from those that the model was taught with, and the distance above which it counts as unlike them;
   * missing if the model can't tell.
   */
  picture: z.object({ distance: z.number().min(0), threshold: z.number().positive() }).optional(),
  /** The probability below which the site called answers unsure when this one was given; missing if it had set none. */
  unsureBelow: z.number().min(0).max(1).optional(),
  /**
   * How likely the answer is to be right, by the model's calibration; missing if the model has none for its weights, null if
   * the answer lacks the numbers for it.
   */
  calibrated: z.number().min(0).max(1).nullable().optional(),
  /** Of the label's tokens, among all tokens. */
  labelLogProbability: z.number().max(0).nullable(),
  /** Of the four corners' tokens, among all tokens; null without a box. */
  boxLogProbability: z.number().max(0).nullable(),
  /**
   * The possible labels with their probabilities among each other, the most likely first. The answer's label is one of them.
   * Empty if the model may write any text.
   */
  choices: z.array(z.object({ label: z.string(), probability: z.number().min(0).max(1) })),
  /** Entropy of `choices` in bits, which is 0 if the model was sure. */
  entropy: z.number().min(0).nullable(),
});
export type AnswerEvidence = z.infer<typeof AnswerEvidence>;

/** What an answer stores about its model. */
export const ModelStamp = z.object({
  id: ModelId,
  name: ShownName,
  /** Null in answers from before this was stored. */
  version: z.preprocess((value) => value ?? null, ShownName.nullable()),
  /** Null if it answered on a server that doesn't prove which weights it has. */
  sha256: Sha256.nullable(),
  /** As shown to a person: 'CPU', 'WebGPU', 'Server gpu.hospital.local:8000'. */
  device: ShownName,
  domain: z.enum(['synthetic', 'surgical', 'general', 'unknown']),
});
export type ModelStamp = z.infer<typeof ModelStamp>;

/** One of several things that an answer names. */
export const AnswerItem = z.object({
  label: z.string(),
  /** In pixels of the frame as displayed; null if the model gave none that can be used. */
  box: Box.nullable(),
});
export type AnswerItem = z.infer<typeof AnswerItem>;

export const Answer = z.object({
  id: AnswerId,
  questionId: QuestionId,
  sessionId: SessionId,
  status: AnswerStatus,
  label: z.string().nullable(),
  /** In pixels of the frame as displayed, in its own size; null if the answer has items. */
  box: Box.nullable(),
  /** The things of a list answer, each with its box; empty for an answer that names one thing. */
  items: z.preprocess((value) => value ?? [], z.array(AnswerItem)),
  reasoning: z.string(),
  /** What the model wrote, unaltered. */
  raw: z.string(),
  /** Probability that the model gave to its label's tokens among all tokens, 0..1. People are shown `surenessOf`. */
  probability: z.number().min(0).max(1).nullable(),
  /** Null if the answer has none, because it did not end well or was given before evidence was stored. */
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
