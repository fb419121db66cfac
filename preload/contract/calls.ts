import { z } from 'zod';
import {
  Answer,
  AnswerSettings,
  Case,
  Folder,
  FrameLocation,
  Job,
  ModelState,
  ModelSummary,
  OpenSession,
  Question,
  QuestionTemplate,
  RecentVideo,
  Session,
  SessionSummary,
  Status,
  Video,
} from './domain.ts';
import {
  AnswerId,
  CaseId,
  FrameIndex,
  GrantId,
  JobId,
  ModelId,
  QuestionId,
  SessionId,
  VideoId,
} from './values.ts';

const none = z.strictObject({});
const done = z.object({});

/** What a person may type to name a place in a video. */
export const PlaceInVideo = z.union([
  z.strictObject({ index: FrameIndex }),
  z.strictObject({ seconds: z.number().min(0) }),
  /** hh:mm:ss.mmm, mm:ss or ss, or a bare frame number after `#`. */
  z.strictObject({ timecode: z.string().min(1).max(40) }),
]);
export type PlaceInVideo = z.infer<typeof PlaceInVideo>;

const question = z.string().trim().min(1).max(2000);
const settings = AnswerSettings.partial().optional();

/** Every call through the door: what goes in, what comes out. One schema each, types derived. */
export const calls = {
  getStatus: { input: none, output: Status },
  listQuestionTemplates: { input: none, output: z.array(QuestionTemplate) },

  listCases: { input: none, output: z.array(Case) },
  createCase: { input: z.strictObject({ pseudonym: z.string().trim().min(1).max(120) }), output: Case },
  renameCase: {
    input: z.strictObject({ caseId: CaseId, pseudonym: z.string().trim().min(1).max(120) }),
    output: Case,
  },

  /** Opens the system's file dialog; null when the person closes it. */
  chooseVideo: { input: none, output: z.object({ grantId: GrantId, name: z.string() }).nullable() },
  /** Lists a folder for hosts without a file dialog; no id: the places to start from. */
  browseFolder: { input: z.strictObject({ folderId: GrantId.nullable() }), output: Folder },
  /** Opens in place, never copies. Without a case, a new one is made. Starts a session. */
  openVideo: {
    input: z.strictObject({ grantId: GrantId, caseId: CaseId.nullable() }),
    output: OpenSession,
  },
  /** Says where a video that was moved now lies; refused if it is another file. */
  relinkVideo: { input: z.strictObject({ videoId: VideoId, grantId: GrantId }), output: Video },
  getVideo: { input: z.strictObject({ videoId: VideoId }), output: Video },
  listRecentVideos: { input: none, output: z.array(RecentVideo) },
  clearRecentVideos: { input: none, output: done },
  locate: { input: z.strictObject({ videoId: VideoId, at: PlaceInVideo }), output: FrameLocation },

  listSessions: { input: none, output: z.array(SessionSummary) },
  startSession: { input: z.strictObject({ videoId: VideoId }), output: OpenSession },
  openSession: { input: z.strictObject({ sessionId: SessionId }), output: OpenSession },
  /** The session the reviewer was last in, else the demonstration case's. */
  openLastSession: { input: none, output: OpenSession.nullable() },
  savePosition: {
    input: z.strictObject({ sessionId: SessionId, frameIndex: FrameIndex }),
    output: Session,
  },

  ask: {
    input: z.strictObject({ sessionId: SessionId, frameIndex: FrameIndex, question, settings }),
    output: z.object({ jobId: JobId, question: Question, answer: Answer }),
  },
  /** Another version of the answer; the ones before are kept. */
  askAgain: {
    input: z.strictObject({ questionId: QuestionId, settings }),
    output: z.object({ jobId: JobId, answer: Answer }),
  },
  getAnswer: { input: z.strictObject({ answerId: AnswerId }), output: Answer },
  /** Hides a question with its answers; `restoreQuestion` brings it back. */
  deleteQuestion: { input: z.strictObject({ questionId: QuestionId }), output: done },
  restoreQuestion: { input: z.strictObject({ questionId: QuestionId }), output: done },

  cancelJob: { input: z.strictObject({ jobId: JobId }), output: done },
  listJobs: { input: none, output: z.array(Job) },

  listModels: { input: none, output: z.array(ModelSummary) },
  getModelState: { input: none, output: ModelState },
  loadModel: { input: z.strictObject({ modelId: ModelId.nullable() }), output: ModelState },
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.infer<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.infer<(typeof calls)[N]['output']>;
export const callNames = Object.keys(calls) as CallName[];

/** What the workstation object implements. Failures are thrown; the door turns them into envelopes. */
export type WorkstationCalls = { [N in CallName]: (input: CallInput<N>) => Promise<CallOutput<N>> };
