import { z } from 'zod';
import { ModelStamp } from './answers.ts';
import { Actor, WindowId } from './context.ts';
import { ErrorReport } from './errors.ts';
import { RegionWay } from './model.ts';
import { FrameLocation } from './places.ts';
import { RecordingStart } from './case-time.ts';
import { StereoEye, StereoLayout } from './stereo.ts';
import { ModelTeaching } from './teaching.ts';
import {
  AnswerId,
  CaseId,
  FrameIndex,
  type FrameRef,
  GrantId,
  JobId,
  ModelId,
  QuestionId,
  SessionId,
  Sha256,
  TimeBase,
  Timestamp,
  VideoId,
} from './values.ts';
import { ShownMessage, ShownName } from './visible-text.ts';

export * from './answers.ts';

/** Shown in the window and written into everything that leaves it. */
export const disclaimer = 'Education and research use. Not a medical device.';

export const Case = z.object({
  id: CaseId,
  /** The name that the reviewer chose, which must never be a patient's. */
  pseudonym: ShownName,
  createdAt: Timestamp,
  /** Whether it is the workstation's own case with the bundled clip. */
  demonstration: z.boolean(),
});
export type Case = z.infer<typeof Case>;

/** One of the picture streams of a file, such as one camera of several. */
export const PictureStream = z.object({
  /** Its number among all streams of the file, including sound, counted from 0. */
  index: z.int().min(0),
  codec: z.string(),
  width: z.int().min(0),
  height: z.int().min(0),
  /** The name that the file gives it. */
  title: ShownName.nullable(),
  /** How both eyes lie in its picture, according to the file; missing if it does not say. A person is only offered this. */
  stereo: StereoLayout.optional(),
  /** Whether the file marks it as the stream to show by default. */
  isDefault: z.boolean(),
  /** Whether it is only a cover or thumbnail, and no recording. */
  isCover: z.boolean(),
});
export type PictureStream = z.infer<typeof PictureStream>;

/** The most joins that are listed, since a timeline with more marks tells nobody anything. */
export const mostJoins = 500;
/** The most picture streams that are listed, since nobody chooses among more. */
export const mostStreams = 64;

export const Video = z.object({
  id: VideoId,
  caseId: CaseId,
  displayName: ShownName,
  /** Identifies the content, as in `FrameIdentity`. Each picture stream of a file is a video of its own. */
  fingerprint: z.string(),
  /** The picture streams of the file, listed only if there are several or one is marked as stereo. */
  streams: z.array(PictureStream).max(mostStreams),
  /** Which stream of the file this video is; null if an earlier version, which knew no streams, opened it last. */
  streamIndex: z.int().min(0).nullable(),
  sizeBytes: z.int().min(0),
  container: z.string(),
  codec: z.string(),
  /** Size of the picture as displayed: upright, with square pixels, and of one eye alone if that is chosen. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** Which eye of a stereo recording is reviewed; missing for the whole picture. */
  eye: StereoEye.optional(),
  /** When the recording began, as its file states it (`creation_time`); null if it doesn't. */
  recordedAt: Timestamp.nullable(),
  /** What a person stated about its beginning in the case; missing if nobody did. */
  start: RecordingStart.optional(),
  timeBase: TimeBase,
  variableFrameRate: z.boolean(),
  /** As the container states it, until the frames are counted; then it follows from them. */
  durationSeconds: z.number().nullable(),
  /** Where the file's own clock starts again or leaps, while the review's clock goes on. Only the first ones are listed. */
  joins: z.array(z.object({ index: FrameIndex, seconds: z.number() })).max(mostJoins),
  /** Null until the index is built. */
  frameCount: z.int().positive().nullable(),
  index: z.enum(['building', 'ready', 'failed']),
  /** Whether a browser plays the file itself, or a stream that is transcoded while it plays. */
  playback: z.enum(['native', 'transcoded']),
  /** What is missing of the recording, such as its end or what is still being recorded; null if it is whole. */
  incomplete: z.enum(['cut', 'growing', 'partial']).nullable(),
  availability: z.enum(['available', 'missing', 'changed']),
  problem: ErrorReport.nullable(),
  /** Whether the file is a copy in the data folder, made of one that was dropped into a browser. */
  copied: z.boolean(),
  addedAt: Timestamp,
  openedAt: Timestamp,
});
export type Video = z.infer<typeof Video>;

/** A known recording that a file was found to hold, by its content. */
export const KnownVideo = z.object({
  videoId: VideoId,
  displayName: ShownName,
  caseId: CaseId,
  casePseudonym: ShownName,
  availability: Video.shape.availability,
  /** Whether it is the case's own file. Otherwise it is a copy, or the case's file has moved here. */
  here: z.boolean(),
  /** Whether its case lies in the bin. Then the case must be restored, or the file opened as a new case. */
  inBin: z.boolean(),
  /** Whether it was shorter when it was last reviewed, because its recorder has gone on since. */
  grown: z.boolean(),
});
export type KnownVideo = z.infer<typeof KnownVideo>;

/** States that a recording belongs to a case, and at which place in the case's order. */
export const CaseRecording = z.object({
  videoId: VideoId,
  caseId: CaseId,
  /** The case's recordings come in the order of their places, which may have gaps. */
  place: z.int().positive(),
  /** Which eye of it is reviewed; null for the whole picture. It is missing in records from before eyes could be chosen. */
  eye: StereoEye.nullable().exactOptional(),
  /** What a person stated about its beginning; null for nothing. It is missing in records from before it could be stated. */
  start: RecordingStart.nullable().exactOptional(),
});
export type CaseRecording = z.infer<typeof CaseRecording>;

/** One review of a case, in which any of the case's recordings can be shown. */
export const Session = z.object({
  id: SessionId,
  caseId: CaseId,
  /** Counted within its case, from 1. */
  number: z.int().positive(),
  /** The name that a person gave it; null if it has only its number. */
  name: ShownName.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  /** The recording that the caller sees in it, since everybody has a place of their own. */
  videoId: VideoId,
  /** The frame of that recording at which the caller last was. */
  frameIndex: FrameIndex,
});
export type Session = z.infer<typeof Session>;

export const SessionSummary = Session.extend({
  casePseudonym: ShownName,
  /** The file name of the recording that the caller sees in it. */
  videoName: ShownName,
  videoAvailability: Video.shape.availability,
  questionCount: z.int().min(0),
});
export type SessionSummary = z.infer<typeof SessionSummary>;

export const Question = z.object({
  id: QuestionId,
  sessionId: SessionId,
  text: z.string().min(1).max(2000),
  /** The recording that the question is about. */
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
  /** The questions that it was taught; missing if its maker does not state them. */
  taught: ModelTeaching.optional(),
  /** How it is asked about a region; missing if nobody knows before it is loaded. */
  regions: RegionWay.optional(),
});
export type ModelSummary = z.infer<typeof ModelSummary>;

export const ModelState = z.object({
  phase: z.enum(['unloaded', 'loading', 'ready', 'failed', 'restarting']),
  model: ModelSummary.nullable(),
  sha256: Sha256.nullable(),
  dtype: z.string().nullable(),
  /** As shown to a person: 'CPU', 'WebGPU'. */
  device: z.string().nullable(),
  /** Host and port that frames are sent to; missing if they stay on this machine. */
  server: z.string().optional(),
  /** Why it runs on this device, in words. */
  deviceReason: z.string().nullable(),
  /** Whether another device was wanted and did not work, of which a person is warned. */
  deviceFallback: z.boolean(),
  memoryBytes: z.int().min(0).nullable(),
  /** The memory that a usual question was expected to take, as estimated before loading. */
  memoryExpectedBytes: z.int().min(0).nullable(),
  /** If the engine needs more memory than this, it is restarted before the machine runs out. */
  memoryCeilingBytes: z.int().min(0).nullable(),
  /** How many threads it runs on, and why; null if the workstation does not decide that. */
  threads: z.string().nullable(),
  /** Why the workstation unloaded it, until the next question loads it again; null otherwise. */
  unloadedReason: z.string().nullable(),
  /** While it is being loaded, what is being done, and how far that is, 0..1. */
  activity: z.string().nullable(),
  progress: z.number().min(0).max(1).nullable(),
  error: ErrorReport.nullable(),
  /** Why this model answers in place of the chosen one; null if it is the chosen one. */
  substitution: ErrorReport.nullable(),
});
export type ModelState = z.infer<typeof ModelState>;

export const Job = z.object({
  id: JobId,
  kind: z.enum(['answer', 'index', 'model', 'import']),
  title: ShownMessage,
  /** The answer that the job writes; null for other kinds of work. */
  subject: z.object({ sessionId: SessionId, questionId: QuestionId, answerId: AnswerId }).nullable(),
  done: z.number().min(0),
  /** Null while unknown. */
  total: z.number().min(0).nullable(),
  /** `paused` means that it waits until a person resumes it. */
  state: z.enum(['queued', 'paused', 'running', 'done', 'failed', 'cancelled']),
  error: ErrorReport.nullable(),
});
export type Job = z.infer<typeof Job>;

export const QuestionTemplate = z.object({
  /** The kind of question, as a model's `taught` names it. */
  id: z.string(),
  /** Whether it is offered only if the model states that it was taught this kind. */
  stated: z.boolean().optional(),
  /** The short text on its button. */
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
  /** The folder's path as a person would type it; null for the list of places to start from. */
  path: ShownName.nullable(),
  entries: z.array(
    z.object({
      id: GrantId,
      name: ShownName,
      /** `model` stands for a folder that holds a checkpoint, an adapter or graphs. */
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
  /** This window's own id, by which it recognizes its own changes. */
  window: WindowId,
  host: z.enum(['electron', 'web', 'command-line']),
  /** Why this host runs in place of Electron; null in Electron. */
  hostReason: z.string().nullable(),
  /** Whether the host can show the system's file dialog (`chooseVideo`). Otherwise the window browses folders itself. */
  fileDialog: z.boolean(),
  dataFolder: z.string(),
  savedAt: Timestamp.nullable(),
  /** The decoder of videos, such as `ffmpeg 5.1.9-0+deb12u1`; null if there is none. */
  decoder: z.string().nullable(),
  /** What a person should know at the start, such as a database that was moved aside, or that ffmpeg is missing. */
  notices: z.array(ErrorReport),
  /** Whether backups hold something that the database lacks, and no person has declined to restore it. */
  restoreOffered: z.boolean(),
});
export type Status = z.infer<typeof Status>;
