import { z } from 'zod';
import { ModelStamp } from './answers.ts';
import { Actor, WindowId } from './context.ts';
import { ErrorReport } from './errors.ts';
import { FrameLocation } from './places.ts';
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

/** Said by the window and by everything that leaves it. */
export const disclaimer = 'Education and research use. Not a medical device.';

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
