import { z } from 'zod';
import { BackupList, BackupName } from './backups.ts';
import { Change, ChangeList, GroupId, RecordCheck, RecordHead, Undoable, Undone } from './changes.ts';
import { Command, LibraryCommand } from './commands.ts';
import { Actor, type CallContext } from './context.ts';
import {
  Answer,
  GivenSettings,
  Case,
  Folder,
  Job,
  KnownVideo,
  ModelState,
  Question,
  QuestionTemplate,
  RecentVideo,
  Session,
  SessionSummary,
  Status,
  Video,
} from './domain.ts';
import { Entry, EntryPage, EntryPlace, mostOfPage, OpenSession } from './entries.ts';
import { BinItem, CaseSummary } from './library.ts';
import { AnswerFormat } from './model.ts';
import { ModelEntry, ModelFolderReport, ModelImport, WeightDtype } from './models.ts';
import {
  AnswerId,
  CaseId,
  FrameIndex,
  GrantId,
  JobId,
  ModelId,
  QuestionId,
  SessionId,
  Sha256,
  VideoId,
} from './values.ts';
import { FindResult, FoundKind, FoundPlace, mostSearchLength } from './search/found.ts';
import { FrameLocation, PlaceInVideo } from './places.ts';
import { PreferenceChange, Preferences } from './preferences.ts';
import { ShownName } from './visible-text.ts';

const none = z.strictObject({});
const done = z.object({});

const pseudonym = z.string().trim().min(1).max(120).pipe(ShownName);
const question = z.string().trim().min(1).max(2000);
const settings = GivenSettings.optional();

/** Every call through the door: what goes in, what comes out. One schema each, types derived. */
export const calls = {
  getStatus: { input: none, output: Status },
  /** The backups of the database with what each holds, beside what the database holds. */
  listBackups: { input: none, output: BackupList },
  /** Goes on with a backup; the database as it was is kept, under the name that comes back. Refused while work runs. */
  restoreBackup: { input: z.strictObject({ name: BackupName }), output: z.object({ movedTo: z.string() }) },
  /** Goes on with the database as it is: what backups hold beyond it is not offered again. */
  keepDatabase: { input: none, output: done },

  listQuestionTemplates: { input: none, output: z.array(QuestionTemplate) },

  /** What the caller set for themselves. */
  getPreferences: { input: none, output: Preferences },
  /** Sets some of it, for every window of the caller; the event `preferences` tells them. */
  changePreferences: { input: PreferenceChange, output: Preferences },

  /** Without those in the bin. */
  listCases: { input: none, output: z.array(Case) },
  /** The same with what the library says of each, last changed first. */
  listCaseSummaries: { input: none, output: z.array(CaseSummary) },
  /** What lies in the bin, what was moved there last first. Nothing is ever removed from it but by restoring. */
  listBin: { input: none, output: z.array(BinItem) },
  /**
   * Renames, deletes or restores. `doneIn`: the session that is open in the window, of whichever case, where `undo` takes it
   * back; it may be the one that is deleted. `change` is null where all was so already.
   */
  applyToLibrary: {
    input: z.strictObject({ command: LibraryCommand, doneIn: SessionId.exactOptional() }),
    output: z.object({ change: Change.nullable() }),
  },
  createCase: { input: z.strictObject({ pseudonym }), output: Case },
  /** `sessionId`: the session of the case that it is done in, where `undo` takes it back. */
  renameCase: {
    input: z.strictObject({ caseId: CaseId, pseudonym, sessionId: SessionId.exactOptional() }),
    output: Case,
  },

  /** The recordings of a case, in its order. */
  listRecordings: { input: z.strictObject({ caseId: CaseId }), output: z.array(Video) },
  /**
   * Adds a file to a case, behind its other recordings. `sessionId` is as for `renameCase`. Refused with `invalid-input`
   * where the case has it already.
   */
  addRecording: {
    input: z.strictObject({
      caseId: CaseId,
      grantId: GrantId,
      /** As for `openVideo`. */
      streamIndex: z.int().min(0).exactOptional(),
      sessionId: SessionId.exactOptional(),
    }),
    output: Video,
  },

  /** Opens the system's file dialog; null when the person closes it. */
  chooseVideo: { input: none, output: z.object({ grantId: GrantId, name: ShownName }).nullable() },
  /**
   * Lists a folder for hosts without a file dialog. No id: the places to start from, or with `last` the folder that
   * something was last looked for in.
   */
  browseFolder: {
    input: z.strictObject({
      folderId: GrantId.nullable(),
      find: z.enum(['videos', 'models']).optional(),
      last: z.boolean().exactOptional(),
    }),
    output: Folder,
  },
  /** Lists the folder of a path that a person typed or pasted; says which of its entries was meant, if one was. */
  browsePath: {
    input: z.strictObject({ path: z.string().min(1).max(4096), find: z.enum(['videos', 'models']) }),
    output: z.object({ folder: Folder, entryId: GrantId.nullable() }),
  },
  /**
   * Files that were given to the program itself, for this window to open: each is handed out once. `starting`: this window
   * has just begun, and takes those that wait for the next one.
   */
  takeFilesToOpen: {
    input: z.strictObject({ starting: z.boolean() }),
    output: z.array(z.object({ grantId: GrantId, name: ShownName })),
  },
  /** Whether a file's content is that of a video which is here already. */
  lookUpVideo: { input: z.strictObject({ grantId: GrantId }), output: KnownVideo.nullable() },
  /**
   * Opens in place, never copies. Without a case, the one that has this content, else a new one; `asNewCase`: a new one in
   * any case. A file that a case still has stays the case's file, wherever the other one lies. Goes on in the case's last
   * session where nothing was asked in it and the video is on show in it, else starts one.
   */
  openVideo: {
    input: z.strictObject({
      grantId: GrantId,
      caseId: CaseId.nullable(),
      asNewCase: z.boolean().exactOptional(),
      /** A picture stream by its index; by default the one that the file names. */
      streamIndex: z.int().min(0).exactOptional(),
    }),
    output: OpenSession,
  },
  /** Removes a copy of a dropped file that was not opened. */
  discardCopy: { input: z.strictObject({ grantId: GrantId }), output: done },
  /** Says where a video that was moved now lies; refused if it is another file. */
  relinkVideo: { input: z.strictObject({ videoId: VideoId, grantId: GrantId }), output: Video },
  getVideo: { input: z.strictObject({ videoId: VideoId }), output: Video },
  /**
   * Goes over to another picture stream of the video's file within a session: it is a recording of its own of the same case, to
   * which it is added where it is not one yet. Refused with `invalid-input` for a stream that the file does not have, and for a
   * video of another case.
   */
  chooseStream: {
    input: z.strictObject({ sessionId: SessionId, videoId: VideoId, streamIndex: z.int().min(0) }),
    output: OpenSession,
  },
  listRecentVideos: { input: none, output: z.array(RecentVideo) },
  clearRecentVideos: { input: none, output: done },
  locate: { input: z.strictObject({ videoId: VideoId, at: PlaceInVideo }), output: FrameLocation },

  /**
   * Finds answers, sessions and cases by full text; see `parseSearch` for what a query can say. No text fails; one that asks for
   * nothing finds nothing. Without a `kind`, the first results of each; `before`, with a `kind`: the page that begins there.
   * What `is:` asks for is what the caller decided.
   */
  find: {
    input: z.strictObject({
      query: z.string().max(mostSearchLength),
      kind: FoundKind.exactOptional(),
      before: FoundPlace.exactOptional(),
      limit: z.int().min(1).max(200).exactOptional(),
    }),
    output: FindResult,
  },

  listSessions: { input: none, output: z.array(SessionSummary) },
  startSession: { input: z.strictObject({ videoId: VideoId }), output: OpenSession },
  /** `videoId`: the recording of the session's case to go over to; by default the one that the caller last saw there. */
  openSession: {
    input: z.strictObject({ sessionId: SessionId, videoId: VideoId.exactOptional() }),
    output: OpenSession,
  },
  /** Some questions of a session as they are now, the newest first; those asked before a place, where one is given. */
  listEntries: {
    input: z.strictObject({
      sessionId: SessionId,
      before: EntryPlace.exactOptional(),
      limit: z.int().min(1).max(mostOfPage).exactOptional(),
    }),
    output: EntryPage,
  },
  /** A question with everything that is known of its answers. */
  getEntry: { input: z.strictObject({ questionId: QuestionId }), output: Entry },
  /** The session the reviewer was last in, else the demonstration case's. */
  openLastSession: { input: none, output: OpenSession.nullable() },
  /** Writes down where the caller stands. It is no change of the session, and everybody has a place of their own. */
  savePosition: {
    input: z.strictObject({
      sessionId: SessionId,
      /** The recording that the place is in; by default the one that the caller last saw there. */
      videoId: VideoId.exactOptional(),
      frameIndex: FrameIndex,
    }),
    output: Session,
  },

  /**
   * Asks about a frame. A model that states what it was taught is asked what is understood in words that it was taught
   * (`evidence.askedAs`) and refuses a question of another kind (status `refused`), unless it is to answer these very
   * words `anyway`. `frameHash` is the hash of the picture that the person saw of it: refused with
   * `frame-mismatch` where the frame decodes to another one, so that no answer is kept for a picture nobody chose.
   */
  ask: {
    input: z.strictObject({
      sessionId: SessionId,
      /** A recording of the session's case; by default the one that the caller last saw there. */
      videoId: VideoId.exactOptional(),
      frameIndex: FrameIndex,
      frameHash: Sha256,
      question,
      /**
       * A part of the frame in its own pixels: the model is given that part alone, and its boxes are put back into the frame.
       * Refused with `invalid-input` where it reaches out of the frame or is too small.
       */
      region: z.tuple([z.number(), z.number(), z.number(), z.number()]).exactOptional(),
      anyway: z.boolean().exactOptional(),
      settings,
      /** What is asked by one act, as several questions at once, is undone as one. */
      groupId: GroupId.exactOptional(),
    }),
    output: z.object({ jobId: JobId, question: Question, answer: Answer }),
  },
  /** Another version of the answer, about the picture of that hash and the same region; the ones before are kept. */
  askAgain: {
    input: z.strictObject({
      questionId: QuestionId,
      frameHash: Sha256,
      /** As for `ask`; by default as the version before. */
      anyway: z.boolean().exactOptional(),
      settings,
      /** As for `ask`. */
      groupId: GroupId.exactOptional(),
    }),
    output: z.object({ jobId: JobId, answer: Answer }),
  },
  getAnswer: { input: z.strictObject({ answerId: AnswerId }), output: Answer },
  /** Hides a question with its answers; `restoreQuestion` brings it back. */
  deleteQuestion: { input: z.strictObject({ questionId: QuestionId }), output: done },
  /** Gives it back as it is now, with every answer. */
  restoreQuestion: { input: z.strictObject({ questionId: QuestionId }), output: Entry },

  /**
   * Does what a person does, in a session. Refused with `invalid-input` where it can't be done, with `changed-since` where
   * somebody was quicker. `change` is null where all was so already: then nothing is recorded. Commands of one `groupId` in
   * a row are undone as one.
   */
  apply: {
    input: z.strictObject({ sessionId: SessionId, command: Command, groupId: GroupId.exactOptional() }),
    output: z.object({ change: Change.nullable() }),
  },
  /**
   * Takes back what the caller did last in a session, however long ago; what others did stays. Refused with `changed-since`
   * where somebody has changed it since then, with `not-found` where there is nothing.
   */
  undo: { input: z.strictObject({ sessionId: SessionId }), output: Undone },
  /** Does again what the caller undid last in a session, unless something else was done since. Refused as `undo` is. */
  redo: { input: z.strictObject({ sessionId: SessionId }), output: Undone },
  /** What `undo` and `redo` would do next. */
  getUndoable: { input: z.strictObject({ sessionId: SessionId }), output: Undoable },
  /** What was changed after a place in the record, oldest first, some at a time. */
  changesSince: { input: z.strictObject({ seq: z.int().min(0) }), output: ChangeList },
  /** Everyone whom a change can name. */
  listActors: { input: none, output: z.array(Actor) },
  /**
   * Whether the record is as it was written, held against the backups, too. `sinceLast`: only what came after the last
   * check, which is trusted. `head`: a head that an earlier check gave, which the record must still go through.
   */
  checkRecord: {
    input: z.strictObject({ sinceLast: z.boolean(), head: RecordHead.exactOptional() }),
    output: RecordCheck,
  },

  /** Ends an answer: one that waits is withdrawn, one that is written keeps its text. Does nothing to one that has ended. */
  stopAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },

  /** Keeps a question from being asked until it is resumed, also after a restart. Throws `busy` where it is being answered. */
  pauseAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },
  /** Lets a paused question have its turn; one that is not paused stays as it is. */
  resumeAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },

  cancelJob: { input: z.strictObject({ jobId: JobId }), output: done },
  listJobs: { input: none, output: z.array(Job) },

  listModels: { input: none, output: z.array(ModelEntry) },
  getModelState: { input: none, output: ModelState },
  /** Loads a model for this run alone; null: the embedded one. */
  loadModel: { input: z.strictObject({ modelId: ModelId.nullable() }), output: ModelState },
  /** Loads the remembered model again, after it failed or was unloaded. */
  loadChosenModel: { input: none, output: ModelState },
  /** Loads a model and remembers it as the one that questions go to; the one before comes back when it fails. */
  chooseModel: { input: z.strictObject({ modelId: ModelId }), output: ModelState },
  /** Removes an imported model with its files, or forgets one that is used in place, whose files stay. */
  removeModel: { input: z.strictObject({ modelId: ModelId }), output: done },

  /** Opens the system's folder dialog; null when the person closes it. */
  chooseModelFolder: { input: none, output: z.object({ grantId: GrantId, name: ShownName }).nullable() },
  /** Looks at a folder, changing nothing. `baseId`: the checkpoint that an adapter belongs to. */
  inspectModelFolder: {
    input: z.strictObject({ folderId: GrantId, baseId: GrantId.nullable() }),
    output: ModelFolderReport,
  },
  /** Starts to import a checkpoint; goes on with an interrupted import of the same. */
  importModel: {
    input: z.strictObject({
      folderId: GrantId,
      baseId: GrantId.nullable(),
      dtype: WeightDtype,
      /** How the model writes its answers; by default as its folder says, else as its chat template lets expect. */
      answerFormat: AnswerFormat.exactOptional(),
    }),
    output: ModelImport,
  },
  /** Imports under way, ended in this run, or interrupted, oldest first. */
  listModelImports: { input: none, output: z.array(ModelImport) },
  /** Goes on with an import that was interrupted or failed. */
  resumeModelImport: { input: z.strictObject({ modelId: ModelId }), output: ModelImport },
  /** Removes what an interrupted or failed import has left, or takes an ended one off the list. */
  discardModelImport: { input: z.strictObject({ modelId: ModelId }), output: done },
  /** Adds a folder of graphs, or an imported model, to be used where it lies. */
  addModelFolder: { input: z.strictObject({ folderId: GrantId }), output: ModelEntry },
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.infer<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.infer<(typeof calls)[N]['output']>;
export const callNames = Object.keys(calls) as CallName[];

/** What the workstation object implements. Failures are thrown; the door turns them into envelopes. */
export type WorkstationCalls = {
  [N in CallName]: (input: CallInput<N>, context: CallContext) => Promise<CallOutput<N>>;
};

/** Calls of the contract whose context is given already. */
export type CallsInContext<Names extends CallName = CallName> = {
  [N in Names]: (input: CallInput<N>) => Promise<CallOutput<N>>;
};

/** Gives every call the same context: for a command, and for what a host does by itself. */
export function inContext<Names extends CallName>(
  calls: Pick<WorkstationCalls, Names>,
  context: CallContext,
): CallsInContext<Names> {
  const names = Object.keys(calls) as Names[];
  const given = names.map((name) => [
    name,
    (input: CallInput<Names>) =>
      (calls[name] as (input: CallInput<Names>, context: CallContext) => Promise<unknown>)(input, context),
  ]);
  // One function for each call that was given, by its name.
  return Object.fromEntries(given) as CallsInContext<Names>;
}
