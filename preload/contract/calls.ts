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
import { Sound } from './sound.ts';
import { SiteDifference } from './site/differences.ts';
import { mostSiteFileBytes, SiteSettingsNow } from './site/settings.ts';
import { ShownName } from './visible-text.ts';

const none = z.strictObject({});
const done = z.object({});

const pseudonym = z.string().trim().min(1).max(120).pipe(ShownName);
const question = z.string().trim().min(1).max(2000);
const settings = GivenSettings.optional();

/** Every call that a window or another client can make, with the schemas of its input and output. */
export const calls = {
  getStatus: { input: none, output: Status },
  /** Lists the backups with what each holds, and what the database holds to compare. */
  listBackups: { input: none, output: BackupList },
  /** Replaces the database with a backup. The old one is kept in the file that is returned. Refused while work runs. */
  restoreBackup: { input: z.strictObject({ name: BackupName }), output: z.object({ movedTo: z.string() }) },
  /** Keeps the database as it is, so that what the present backups hold beyond it is not offered again. */
  keepDatabase: { input: none, output: done },

  listQuestionTemplates: { input: none, output: z.array(QuestionTemplate) },

  /** The caller's own preferences. */
  getPreferences: { input: none, output: Preferences },
  /** Changes some of them for every window of the caller, which the event `preferences` tells. */
  changePreferences: { input: PreferenceChange, output: Preferences },

  /** The settings of the site, which hold for everybody. */
  getSiteSettings: { input: none, output: SiteSettingsNow },
  /**
   * Replaces the site settings with those of a file, given as its text, or with `dryRun` only says what that would change.
   * Refused with `invalid-input` and the place in the file for anything that is no such file, and with `changed-since` if the
   * present settings are not those of the hash `since`. `doneIn` is as for `applyToLibrary`. `change` is null if this changed
   * nothing.
   */
  importSiteSettings: {
    input: z.strictObject({
      text: z.string().max(mostSiteFileBytes),
      dryRun: z.boolean(),
      since: Sha256.nullable().exactOptional(),
      doneIn: SessionId.exactOptional(),
    }),
    output: SiteSettingsNow.extend({ differences: z.array(SiteDifference), change: Change.nullable() }),
  },

  /** Lists the cases that are not in the bin. */
  listCases: { input: none, output: z.array(Case) },
  /** Lists the same cases with what the library shows of each, last changed first. */
  listCaseSummaries: { input: none, output: z.array(CaseSummary) },
  /** Lists the bin, beginning with what was moved there last. Nothing ever leaves it except by being restored. */
  listBin: { input: none, output: z.array(BinItem) },
  /**
   * Renames, deletes or restores cases and sessions. `doneIn` is the session that is open in the window, in which `undo` takes
   * this back; it may be of another case, or the one that is deleted. `change` is null if this changed nothing.
   */
  applyToLibrary: {
    input: z.strictObject({ command: LibraryCommand, doneIn: SessionId.exactOptional() }),
    output: z.object({ change: Change.nullable() }),
  },
  createCase: { input: z.strictObject({ pseudonym }), output: Case },
  /** Renames a case. `sessionId` is the session of the case in which `undo` takes this back. */
  renameCase: {
    input: z.strictObject({ caseId: CaseId, pseudonym, sessionId: SessionId.exactOptional() }),
    output: Case,
  },

  /** Lists the recordings of a case in the case's order. */
  listRecordings: { input: z.strictObject({ caseId: CaseId }), output: z.array(Video) },
  /**
   * Adds a file to a case as its last recording. `sessionId` is as for `renameCase`. Refused with `invalid-input` if the case
   * has the recording already.
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
   * Lists a folder, for hosts without a file dialog. Without an id it lists the places to start from, or with `last` the folder
   * in which the person last looked.
   */
  browseFolder: {
    input: z.strictObject({
      folderId: GrantId.nullable(),
      find: z.enum(['videos', 'models']).optional(),
      last: z.boolean().exactOptional(),
    }),
    output: Folder,
  },
  /** Lists the folder of a path that a person typed or pasted, and says which entry the path names, if it names one. */
  browsePath: {
    input: z.strictObject({ path: z.string().min(1).max(4096), find: z.enum(['videos', 'models']) }),
    output: z.object({ folder: Folder, entryId: GrantId.nullable() }),
  },
  /**
   * Takes the files that the system or the command line gave to the program for this window to open. Each is given once. A
   * window that has just started says `starting`, and also takes those that wait for the next window.
   */
  takeFilesToOpen: {
    input: z.strictObject({ starting: z.boolean() }),
    output: z.array(z.object({ grantId: GrantId, name: ShownName })),
  },
  /** Finds the known video that a file holds; null if it is new. */
  lookUpVideo: { input: z.strictObject({ grantId: GrantId }), output: KnownVideo.nullable() },
  /**
   * Opens a file in place, without a copy. Without a case, it joins the case that has this content, or else a new one;
   * `asNewCase` makes a new one even if a case has it. If the case still has its own file of this content, that one is used.
   * The case's last session is continued if it shows the video and is still empty; otherwise a session is started.
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
  /** Removes the copy of a dropped file that the person did not open after all. */
  discardCopy: { input: z.strictObject({ grantId: GrantId }), output: done },
  /** Points a video to the new place of its file. Refused with `file-changed` if the content differs. */
  relinkVideo: { input: z.strictObject({ videoId: VideoId, grantId: GrantId }), output: Video },
  getVideo: { input: z.strictObject({ videoId: VideoId }), output: Video },
  /**
   * Shows another picture stream of the video's file in a session. Each stream is a recording of its own, which is added to
   * the case if it is not there yet. Refused with `invalid-input` for a stream that the file does not have, and for a video of
   * another case.
   */
  chooseStream: {
    input: z.strictObject({ sessionId: SessionId, videoId: VideoId, streamIndex: z.int().min(0) }),
    output: OpenSession,
  },
  listRecentVideos: { input: none, output: z.array(RecentVideo) },
  clearRecentVideos: { input: none, output: done },
  locate: { input: z.strictObject({ videoId: VideoId, at: PlaceInVideo }), output: FrameLocation },
  /** Says whether the sound of a recording can be heard while it plays, once its frames are counted. */
  getSound: { input: z.strictObject({ videoId: VideoId }), output: Sound },

  /**
   * Finds answers, marks, sessions and cases by full text; `parseSearch` tells what a query can say. Any text is valid, and an
   * empty query finds nothing. Without a `kind` it returns the first results of each; with a `kind`, `before` is where the page
   * begins. The filter `is:` is about the caller's own decisions.
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
  /** Opens a session. `videoId` is the recording of its case to show; by default the one that the caller last saw there. */
  openSession: {
    input: z.strictObject({ sessionId: SessionId, videoId: VideoId.exactOptional() }),
    output: OpenSession,
  },
  /** Lists a page of a session's questions, newest first; with `before`, those that were asked before that place. */
  listEntries: {
    input: z.strictObject({
      sessionId: SessionId,
      before: EntryPlace.exactOptional(),
      limit: z.int().min(1).max(mostOfPage).exactOptional(),
    }),
    output: EntryPage,
  },
  /** A question with everything about its answers. */
  getEntry: { input: z.strictObject({ questionId: QuestionId }), output: Entry },
  /** Opens the session that was open last, or else that of the demonstration case. */
  openLastSession: { input: none, output: OpenSession.nullable() },
  /** Stores where the caller is in a session. Everybody has a place of their own, so this is no change of the session. */
  savePosition: {
    input: z.strictObject({
      sessionId: SessionId,
      /** The recording in which the place is; by default the one that the caller last saw there. */
      videoId: VideoId.exactOptional(),
      frameIndex: FrameIndex,
    }),
    output: Session,
  },

  /**
   * Asks about a frame. If the model states what it was taught, the question is put into such words (`evidence.askedAs`), and
   * one of another kind is refused (status `refused`), unless the model is to answer the typed words `anyway`. `frameHash` is
   * the hash of the picture that the person saw. Refused with `frame-mismatch` if the frame decodes to another one, so that
   * no answer is stored for a picture that nobody chose.
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
       * A part of the frame, in pixels of the frame. The model is given that part alone, and its boxes are converted back to the
       * frame. Refused with `invalid-input` if it reaches out of the frame or is too small.
       */
      region: z.tuple([z.number(), z.number(), z.number(), z.number()]).exactOptional(),
      anyway: z.boolean().exactOptional(),
      settings,
      /** Questions that are asked together share a group, and are undone together. */
      groupId: GroupId.exactOptional(),
    }),
    output: z.object({ jobId: JobId, question: Question, answer: Answer }),
  },
  /** Asks for another version of the answer, about the same picture and region. Earlier versions are kept. */
  askAgain: {
    input: z.strictObject({
      questionId: QuestionId,
      frameHash: Sha256,
      /** As for `ask`; by default as for the version before. */
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
  /** Restores a question, and returns it as it is now, with every answer. */
  restoreQuestion: { input: z.strictObject({ questionId: QuestionId }), output: Entry },

  /**
   * Carries out a person's command in a session. Refused with `invalid-input` if it can't be done, and with `changed-since` if
   * somebody else was quicker. `change` is null, and nothing is recorded, if this changed nothing. Consecutive commands of the
   * same `groupId` are undone as one.
   */
  apply: {
    input: z.strictObject({ sessionId: SessionId, command: Command, groupId: GroupId.exactOptional() }),
    output: z.object({ change: Change.nullable() }),
  },
  /**
   * Undoes what the caller did last in a session, however long ago; what others did stays. Refused with `changed-since` if
   * somebody has changed it since then, and with `not-found` if there is nothing to undo.
   */
  undo: { input: z.strictObject({ sessionId: SessionId }), output: Undone },
  /** Redoes what the caller undid last in a session, unless something else was done since. Refused as `undo` is. */
  redo: { input: z.strictObject({ sessionId: SessionId }), output: Undone },
  /** What `undo` and `redo` would do next, in words. */
  getUndoable: { input: z.strictObject({ sessionId: SessionId }), output: Undoable },
  /** Lists the changes after a place in the record, oldest first, a limited number at a time. */
  changesSince: { input: z.strictObject({ seq: z.int().min(0) }), output: ChangeList },
  /** Lists everyone whom a change can name. */
  listActors: { input: none, output: z.array(Actor) },
  /**
   * Checks whether the record is as it was written, also by comparing it with the backups. `sinceLast` checks only what was
   * added after the last check, which is trusted. `head` is one that an earlier check gave; the record must still contain it.
   */
  checkRecord: {
    input: z.strictObject({ sinceLast: z.boolean(), head: RecordHead.exactOptional() }),
    output: RecordCheck,
  },

  /** Stops an answer. One that waits is withdrawn, one that is being written keeps its text, one that has ended stays. */
  stopAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },

  /** Keeps a question from being asked until it is resumed, even after a restart. Throws `busy` if it is being answered. */
  pauseAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },
  /** Lets a paused question wait for its turn again. One that is not paused stays as it is. */
  resumeAnswer: { input: z.strictObject({ answerId: AnswerId }), output: done },

  cancelJob: { input: z.strictObject({ jobId: JobId }), output: done },
  listJobs: { input: none, output: z.array(Job) },

  listModels: { input: none, output: z.array(ModelEntry) },
  getModelState: { input: none, output: ModelState },
  /** Loads a model for this run only; null for the embedded one. */
  loadModel: { input: z.strictObject({ modelId: ModelId.nullable() }), output: ModelState },
  /** Loads the remembered model again, after it failed or was unloaded. */
  loadChosenModel: { input: none, output: ModelState },
  /** Loads a model and remembers it as the chosen one. If that fails, the one before is loaded again. */
  chooseModel: { input: z.strictObject({ modelId: ModelId }), output: ModelState },
  /** Removes an imported model with its files, or forgets one in its own folder, whose files stay. */
  removeModel: { input: z.strictObject({ modelId: ModelId }), output: done },

  /** Opens the system's folder dialog; null when the person closes it. */
  chooseModelFolder: { input: none, output: z.object({ grantId: GrantId, name: ShownName }).nullable() },
  /** Reports what a folder holds, without changing it. `baseId` is the checkpoint that an adapter belongs to. */
  inspectModelFolder: {
    input: z.strictObject({ folderId: GrantId, baseId: GrantId.nullable() }),
    output: ModelFolderReport,
  },
  /** Starts to import a checkpoint, or continues an interrupted import of the same. */
  importModel: {
    input: z.strictObject({
      folderId: GrantId,
      baseId: GrantId.nullable(),
      dtype: WeightDtype,
      /** How the model writes its answers; by default as its folder says or, failing that, as its chat template suggests. */
      answerFormat: AnswerFormat.exactOptional(),
    }),
    output: ModelImport,
  },
  /** Lists imports that are under way, have ended in this run, or were interrupted, oldest first. */
  listModelImports: { input: none, output: z.array(ModelImport) },
  /** Continues an import that was interrupted or has failed. */
  resumeModelImport: { input: z.strictObject({ modelId: ModelId }), output: ModelImport },
  /** Removes what an interrupted or failed import has left behind, or takes a finished one off the list. */
  discardModelImport: { input: z.strictObject({ modelId: ModelId }), output: done },
  /** Adds a folder of graphs, or an imported model, which is then used where it lies. */
  addModelFolder: { input: z.strictObject({ folderId: GrantId }), output: ModelEntry },
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.infer<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.infer<(typeof calls)[N]['output']>;
export const callNames = Object.keys(calls) as CallName[];

/** What the workstation implements. Failures are thrown here; the host turns them into `Result`s. */
export type WorkstationCalls = {
  [N in CallName]: (input: CallInput<N>, context: CallContext) => Promise<CallOutput<N>>;
};

/** Calls of the contract without a context, as it was given beforehand. */
export type CallsInContext<Names extends CallName = CallName> = {
  [N in Names]: (input: CallInput<N>) => Promise<CallOutput<N>>;
};

/** Gives every call the same context, for a command or for what a host does by itself. */
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
  // The cast is sound, as there is one function for each given call under its name.
  return Object.fromEntries(given) as CallsInContext<Names>;
}
