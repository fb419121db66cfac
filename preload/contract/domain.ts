import { z } from 'zod';
import { Actor, WindowId } from './context.ts';
import { ErrorReport } from './errors.ts';
import { FrameLocation } from './places.ts';
import { FrameEye, StereoEye, StereoLayout } from './stereo.ts';
import { ModelTeaching } from './teaching.ts';
import {
  AnswerId,
  Box,
  CaseId,
  FrameIndex,
  FrameRef,
  GrantId,
  JobId,
  ModelId,
  QuestionId,
  SessionId,
  Sha256,
  Size,
  TimeBase,
  Timestamp,
  VideoId,
} from './values.ts';
import { ShownMessage, ShownName } from './visible-text.ts';

/** Said by the window and by everything that leaves it. */
export const disclaimer = 'Education and research use. Not a medical device.';

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
});
export type FrameIdentity = z.infer<typeof FrameIdentity>;

export const Case = z.object({
  id: CaseId,
  /** Chosen by the reviewer; never a patient's name. */
  pseudonym: ShownName,
  createdAt: Timestamp,
  /** The case that the workstation brings along, with the bundled clip. */
  demonstration: z.boolean(),
});
export type Case = z.infer<typeof Case>;

/** One of the picture streams of a file, such as one camera of several. */
export const PictureStream = z.object({
  /** Among all streams of the file, sound and others too, from 0. */
  index: z.int().min(0),
  codec: z.string(),
  width: z.int().min(0),
  height: z.int().min(0),
  /** What the file calls it. */
  title: ShownName.nullable(),
  /** How the file says that both eyes lie in its picture; missing where it says nothing. It is offered, never taken. */
  stereo: StereoLayout.optional(),
  /** Whether the file says that it is to be shown where nobody chooses. */
  isDefault: z.boolean(),
  /** A cover or a thumbnail: it belongs to a recording and is not it. */
  isCover: z.boolean(),
});
export type PictureStream = z.infer<typeof PictureStream>;

/** A timeline with more places marked on it says nothing any more. */
export const mostJoins = 500;
/** Nobody chooses among more. */
export const mostStreams = 64;

export const Video = z.object({
  id: VideoId,
  caseId: CaseId,
  displayName: ShownName,
  /** Of the content, as in `FrameIdentity`: each picture stream of a file is a video of its own. */
  fingerprint: z.string(),
  /** The picture streams of a file that has several, or one of which it says that it is stereo; else none are listed. */
  streams: z.array(PictureStream).max(mostStreams),
  /** Which of all streams of the file this video is; null for one that was last opened before streams were told apart. */
  streamIndex: z.int().min(0).nullable(),
  sizeBytes: z.int().min(0),
  container: z.string(),
  codec: z.string(),
  /** Of the picture as displayed: upright, with square pixels, and of one eye alone where that is chosen. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** Which eye of a stereo recording is reviewed; missing for the whole picture. */
  eye: StereoEye.optional(),
  timeBase: TimeBase,
  variableFrameRate: z.boolean(),
  /** As the container says; once the frames are counted, as they say. */
  durationSeconds: z.number().nullable(),
  /** Where the file's own clock begins anew or leaps and the review's goes on: the first of them, for the timeline. */
  joins: z.array(z.object({ index: FrameIndex, seconds: z.number() })).max(mostJoins),
  /** Null until the index is built. */
  frameCount: z.int().positive().nullable(),
  index: z.enum(['building', 'ready', 'failed']),
  /** How the browser plays it: the file itself, or a stream transcoded on the way. */
  playback: z.enum(['native', 'transcoded']),
  /** Missing of the recording: its end, or what is still being recorded; null where it is whole. */
  incomplete: z.enum(['cut', 'growing', 'partial']).nullable(),
  availability: z.enum(['available', 'missing', 'changed']),
  problem: ErrorReport.nullable(),
  /** It lies in the data folder: a copy of a file that was dropped into a browser. */
  copied: z.boolean(),
  addedAt: Timestamp,
  openedAt: Timestamp,
});
export type Video = z.infer<typeof Video>;

/** A recording that is here already, found by its content. */
export const KnownVideo = z.object({
  videoId: VideoId,
  displayName: ShownName,
  caseId: CaseId,
  casePseudonym: ShownName,
  availability: Video.shape.availability,
  /** It lies where the case has it; else this is a copy of it, or the case's file has moved. */
  here: z.boolean(),
  /** Its case lies in the bin: it is to be restored, or the file to be opened as a new case. */
  inBin: z.boolean(),
  /** It was shorter when it was last reviewed, and has gone on at the same place since. */
  grown: z.boolean(),
});
export type KnownVideo = z.infer<typeof KnownVideo>;

/** That a recording belongs to a case, and where in the case's order it comes. */
export const CaseRecording = z.object({
  videoId: VideoId,
  caseId: CaseId,
  /** The case's recordings come in the order of their places, which may have gaps. */
  place: z.int().positive(),
  /** Which eye of it is reviewed; null for the whole picture. Records of before it could be chosen say nothing of it. */
  eye: StereoEye.nullable().exactOptional(),
});
export type CaseRecording = z.infer<typeof CaseRecording>;

/** A review of a case, with any of its recordings. */
export const Session = z.object({
  id: SessionId,
  caseId: CaseId,
  /** Counted within its case, from 1. */
  number: z.int().positive(),
  /** What a person called it; null where it has its number alone. */
  name: ShownName.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  /** The recording that is on show there for who asks; everybody has a place of their own. */
  videoId: VideoId,
  /** Where in that recording they last stood. */
  frameIndex: FrameIndex,
});
export type Session = z.infer<typeof Session>;

export const SessionSummary = Session.extend({
  casePseudonym: ShownName,
  /** Of the recording that is on show there. */
  videoName: ShownName,
  videoAvailability: Video.shape.availability,
  questionCount: z.int().min(0),
});
export type SessionSummary = z.infer<typeof SessionSummary>;

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

export const Question = z.object({
  id: QuestionId,
  sessionId: SessionId,
  text: z.string().min(1).max(2000),
  /** The recording that it is about. */
  videoId: VideoId,
  location: FrameLocation,
  createdAt: Timestamp,
});
export type Question = z.infer<typeof Question>;

/** The frame that a question is about. */
export const frameOf = ({ videoId, location: { index, pts } }: Question): FrameRef => ({
  videoId,
  index,
  pts,
});

export const ModelSummary = z.object({
  id: ModelId,
  name: ShownName,
  version: ShownName,
  embedded: z.boolean(),
  domain: ModelStamp.shape.domain,
  domainNote: ShownMessage,
  licence: ShownName,
  /** The questions that it was taught; missing where its maker doesn't state them. */
  taught: ModelTeaching.optional(),
});
export type ModelSummary = z.infer<typeof ModelSummary>;

export const ModelState = z.object({
  phase: z.enum(['unloaded', 'loading', 'ready', 'failed', 'restarting']),
  model: ModelSummary.nullable(),
  sha256: Sha256.nullable(),
  dtype: z.string().nullable(),
  /** As shown to a person: 'CPU', 'WebGPU'. */
  device: z.string().nullable(),
  /** Host and port that frames are sent to; missing where they stay on this machine. */
  server: z.string().optional(),
  /** Why this device, in words. */
  deviceReason: z.string().nullable(),
  /** True where another device was wanted and did not work: a person is warned. */
  deviceFallback: z.boolean(),
  memoryBytes: z.int().min(0).nullable(),
  /** What it was expected to take for a usual question, said before it was loaded. */
  memoryExpectedBytes: z.int().min(0).nullable(),
  /** Where it is ended and started again before the machine runs out. */
  memoryCeilingBytes: z.int().min(0).nullable(),
  /** How many threads it runs on, and why as many; null where that is not for us to say. */
  threads: z.string().nullable(),
  /** Why it was unloaded by itself; the next question loads it again. Null otherwise. */
  unloadedReason: z.string().nullable(),
  /** While loading: what it is doing and how far, 0..1. */
  activity: z.string().nullable(),
  progress: z.number().min(0).max(1).nullable(),
  error: ErrorReport.nullable(),
  /** Why this model answers and not the one that was chosen; null where it is the chosen one. */
  substitution: ErrorReport.nullable(),
});
export type ModelState = z.infer<typeof ModelState>;

export const Job = z.object({
  id: JobId,
  kind: z.enum(['answer', 'index', 'model', 'import']),
  title: ShownMessage,
  /** The answer that it writes; null for work of other kinds. */
  subject: z.object({ sessionId: SessionId, questionId: QuestionId, answerId: AnswerId }).nullable(),
  done: z.number().min(0),
  /** Null while unknown. */
  total: z.number().min(0).nullable(),
  /** `paused`: it waits until a person resumes it. */
  state: z.enum(['queued', 'paused', 'running', 'done', 'failed', 'cancelled']),
  error: ErrorReport.nullable(),
});
export type Job = z.infer<typeof Job>;

export const QuestionTemplate = z.object({
  /** The kind of question, as a model's `taught` names it. */
  id: z.string(),
  /** Offered only where the model states that it was taught this kind. */
  stated: z.boolean().optional(),
  /** Shown on the chip. */
  short: z.string(),
  /** `{tool}` stands for one of `tools`. */
  text: z.string(),
  tools: z.array(z.string()),
});
export type QuestionTemplate = z.infer<typeof QuestionTemplate>;

export const RecentVideo = z.object({
  videoId: VideoId,
  displayName: ShownName,
  casePseudonym: ShownName,
  openedAt: Timestamp,
  availability: Video.shape.availability,
});
export type RecentVideo = z.infer<typeof RecentVideo>;

export const Folder = z.object({
  id: GrantId.nullable(),
  name: ShownName,
  parentId: GrantId.nullable(),
  /** Where it lies, as a person would type it; null for the places to start from. */
  path: ShownName.nullable(),
  entries: z.array(
    z.object({
      id: GrantId,
      name: ShownName,
      /** A model: a folder that holds a checkpoint, an adapter or graphs. */
      kind: z.enum(['folder', 'video', 'model']),
      sizeBytes: z.int().min(0).nullable(),
      modifiedAt: Timestamp.nullable(),
    }),
  ),
});
export type Folder = z.infer<typeof Folder>;

export const Status = z.object({
  version: z.string(),
  /** Who acts in this window. */
  actor: Actor,
  /** This window's own id, by which it knows its changes again. */
  window: WindowId,
  host: z.enum(['electron', 'web', 'command-line']),
  /** Why this host and not Electron; null in Electron. */
  hostReason: z.string().nullable(),
  /** Whether the host has a file dialog of the system's own (`chooseVideo`), or folders are browsed. */
  fileDialog: z.boolean(),
  dataFolder: z.string(),
  savedAt: Timestamp.nullable(),
  /** What decodes videos, such as `ffmpeg 5.1.9-0+deb12u1`; null where nothing does. */
  decoder: z.string().nullable(),
  /** Things a person should know at start: a database moved aside, ffmpeg missing. */
  notices: z.array(ErrorReport),
  /** Whether backups hold something that the database lacks, and nobody has said that it may stay there. */
  restoreOffered: z.boolean(),
});
export type Status = z.infer<typeof Status>;
