import type { Readable } from 'node:stream';
import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import type { DroppedDescription, DroppedFile } from '../../preload/contract/bridge.ts';
import type { Entry, OpenSession } from '../../preload/contract/entries.ts';
import type { WorkstationEvent } from '../../preload/contract/events.ts';
import type { AnswerId, CaseId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import {
  answers,
  byItself,
  cases,
  mustExist,
  questions,
  sessions,
  videos,
  type ChangeContext,
  type Log,
  type Store,
  type StoredVideo,
} from '../store/index.ts';
import {
  answeredFrame,
  Answering,
  keptPictureOf,
  KeptPictures,
  questionTemplates,
  type AnswerEngine,
  type AnsweredFrame,
} from '../answering/index.ts';
import {
  findDropped,
  FolderBrowser,
  ImportedCopies,
  ownSurroundings,
  type Grant,
  type GrantRegistry,
  type Surroundings,
} from '../files/index.ts';
import type { JobRegistry } from '../jobs/index.ts';
import {
  addRecording,
  createCase,
  demonstrationCase,
  listRecordings,
  lookUpVideo,
  mustBeRecordingOf,
  recentVideos,
  renameCase,
  VideoLibrary,
  type DecodedFrame,
  type OpenRecording,
  type Recording,
} from '../recordings/index.ts';
import { applyCommand } from './apply.ts';
import { changeCalls, tellChanges, type ChangeCall } from './changes.ts';
import { find } from './find.ts';
import { folderMemory } from './folder-memory.ts';
import { libraryCalls, type LibraryCall } from './library.ts';
import { preferenceCalls, type PreferenceCall } from './preferences.ts';
import { deleteQuestion, restoreQuestion } from './questions.ts';
import { tellSaves } from './saved.ts';
import { siteCalls, type SiteCall } from './site.ts';
import {
  entriesOfSession,
  listSessions,
  openSession,
  pageOfEntries,
  savePosition,
  startSession,
  type SessionContext,
} from './sessions.ts';

export { backupCalls } from './backups.ts';

export interface ReviewOptions {
  store: Store;
  /** The jobs of the whole workstation, so that windows see the work of other rooms, too. */
  jobs: JobRegistry;
  grants: GrantRegistry;
  engine: AnswerEngine;
  openVideo: OpenRecording;
  emit: (event: WorkstationEvent) => void;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** A new random id, such as `crypto.randomUUID`. */
  newId: () => string;
  log: Log;
  /** True for a window, whose waiting questions the next window continues. See `AnsweringContext`. */
  durable?: boolean;
  /** Where to find the person's folders and disks; those of this machine by default. */
  surroundings?: Surroundings;
}

/** The calls of the contract that the review answers. */
type ReviewCall =
  | PreferenceCall
  | LibraryCall
  | SiteCall
  | 'listQuestionTemplates'
  | 'listCases'
  | 'createCase'
  | 'renameCase'
  | 'listRecordings'
  | 'addRecording'
  | 'browseFolder'
  | 'browsePath'
  | 'lookUpVideo'
  | 'openVideo'
  | 'discardCopy'
  | 'relinkVideo'
  | 'getVideo'
  | 'chooseStream'
  | 'listRecentVideos'
  | 'clearRecentVideos'
  | 'getSound'
  | 'locate'
  | 'find'
  | 'listSessions'
  | 'startSession'
  | 'openSession'
  | 'listEntries'
  | 'getEntry'
  | 'openLastSession'
  | 'savePosition'
  | 'ask'
  | 'askAgain'
  | 'getAnswer'
  | 'deleteQuestion'
  | 'restoreQuestion'
  | 'apply'
  | ChangeCall
  | 'stopAnswer'
  | 'pauseAnswer'
  | 'resumeAnswer'
  | 'cancelJob'
  | 'listJobs';

export interface Review {
  readonly calls: Pick<WorkstationCalls, ReviewCall>;
  /** Looks for a file that was dropped into a browser among the places that the workstation may read. */
  findDropped(file: DroppedDescription): Promise<DroppedFile>;
  importStream(name: string, content: Readable, signal: AbortSignal): Promise<Grant>;
  /** Removes copies that were left when a workstation ended before they were opened. */
  discardLeftOvers(): Promise<void>;
  /** Puts the bundled clip into the demonstration case and opens that case's last session, or its first. */
  openDemonstration(path: string): Promise<OpenSession>;
  /** Decodes the exact frame as the model gets it, once the index is built. */
  frame(videoId: VideoId, index: FrameIndex, signal?: AbortSignal): Promise<DecodedFrame>;
  /** The video's open recording, for playing and thumbnails. */
  recording(videoId: VideoId): Promise<Recording>;
  /** An answer with its frame, decoded again and proven to be the one that the model saw. */
  answeredFrame(answerId: AnswerId): Promise<AnsweredFrame>;
  /** The compressed picture that was kept of an answer's frame, as WebP. Throws `not-found` if there is none. */
  keptPicture(answerId: AnswerId): Promise<Uint8Array>;
  /** Removes the kept pictures that only answers of this case are about; see `KeptPictures.removeOfCase`. */
  removeKeptPictures(caseId: CaseId): Promise<{ removed: number; left: number }>;
  /** All that was asked in a session, oldest first, with every version of its answers. Throws `not-found`. */
  entriesOfSession(sessionId: SessionId, signal?: AbortSignal): Promise<Entry[]>;
  /** To be called after another database has taken this one's place, so that every window reads it again. */
  databaseReplaced(): void;
  /** Continues answers that an earlier window left waiting or half written, once the model is loaded. */
  takeUp(loaded: Promise<unknown>): void;
  /** Stops all work, saves what it has so far, and closes the videos. The store stays open, as its owner closes it. */
  dispose(): Promise<void>;
}

/** Brings store, videos and engine together into the calls by which windows and commands review cases. */
export function createReview(options: ReviewOptions): Review {
  const { store, jobs, grants, emit, now, newId } = options;
  const { database } = store;
  const copies = new ImportedCopies(store.layout.home, newId);
  const browser = new FolderBrowser(grants, folderMemory(store), options.surroundings ?? ownSurroundings());
  const library = new VideoLibrary({ ...options, isCopy: (path) => copies.owns(path) });
  const pictures = new KeptPictures(options);
  const answering = new Answering({ ...options, library, pictures });
  const context: SessionContext = {
    store,
    library,
    now,
    newId,
    current: (answer) => answering.queue.current(answer),
  };
  const endTelling = tellSaves(store, emit);
  const telling = {
    ...options,
    current: context.current,
    onEye: (videoId: VideoId) => void library.eyeChosen(videoId).catch(() => undefined),
  };
  const feed = tellChanges(telling);
  const mention = (by: ChangeContext, command: string, { id, displayName, caseId }: StoredVideo): void =>
    store.record.mention(by, command, { what: 'video', id, name: displayName }, caseId);
  const begin = async (video: StoredVideo, by: ChangeContext): Promise<OpenSession> => {
    const opened = await openSession(context, startSession(context, video, by).id, by);
    emit({ type: 'sessions' });
    return opened;
  };

  const calls: Review['calls'] = {
    listQuestionTemplates: async () => structuredClone([...questionTemplates]),

    ...preferenceCalls(store, emit),
    ...libraryCalls(store, library),
    ...siteCalls(store),

    listCases: async () => cases.listCases(database),
    createCase: async ({ pseudonym }, by) => createCase(options, by, { pseudonym }),
    renameCase: async (input, by) => renameCase(options, by, input),

    listRecordings: async ({ caseId }) => listRecordings({ store, library }, caseId),
    addRecording: async ({ grantId, ...input }, by) => {
      const path = grants.path(grantId);
      const { id } = await copies.opening(path, () =>
        addRecording({ store, library }, by, { path, ...input }),
      );
      return library.show(library.find(id));
    },

    browseFolder: async ({ folderId, find, last }, { signal }) =>
      folderId === null && last === true
        ? browser.browseLast(find ?? 'videos', signal)
        : browser.browse(folderId, find, signal),
    browsePath: async ({ path, find }, { signal }) => browser.browsePath(path, find, signal),
    lookUpVideo: async ({ grantId }, { signal }) =>
      lookUpVideo({ store, library }, grants.path(grantId), signal),
    openVideo: async ({ grantId, ...wishes }, by) => {
      const path = grants.path(grantId);
      const video = await copies.opening(path, () => library.open(path, wishes, by));
      mention(by, 'video.open', video);
      return begin(video, by);
    },
    discardCopy: async ({ grantId }) => {
      await copies.discard(grants.path(grantId));
      return {};
    },
    relinkVideo: async ({ videoId, grantId }, by) => {
      const path = grants.path(grantId);
      await copies.opening(path, async () => {
        await library.relink(videoId, path);
        return library.find(videoId);
      });
      mention(by, 'video.relink', library.find(videoId));
      return library.show(library.find(videoId));
    },
    getVideo: async ({ videoId }) => library.show(library.find(videoId)),
    chooseStream: async ({ sessionId, videoId, streamIndex }, by) => {
      const session = mustExist(sessions.findSession(database, sessionId), 'session');
      mustBeRecordingOf(session, library.find(videoId));
      const video = await library.openStream(videoId, streamIndex, by);
      mention(by, 'video.open', video);
      const opened = await openSession(context, sessionId, { actor: by.actor, videoId: video.id });
      emit({ type: 'sessions' });
      return opened;
    },
    listRecentVideos: async () => recentVideos({ store, library }),
    clearRecentVideos: async () => {
      videos.clearRecentVideos(database);
      emit({ type: 'sessions' });
      return {};
    },
    locate: async ({ videoId, at }) => library.locate(videoId, at),
    getSound: async ({ videoId }) => {
      await library.index(videoId);
      return (await library.recording(videoId)).sound();
    },

    listSessions: async (_input, by) => listSessions(context, by),
    find: (input, by) => find(context, input, by),
    startSession: async ({ videoId }, by) => begin(library.find(videoId), by),
    openSession: async ({ sessionId, videoId }, { actor }) =>
      openSession(context, sessionId, { actor, videoId }),
    listEntries: async ({ sessionId, ...page }, { signal }) =>
      pageOfEntries(context, mustExist(sessions.findSession(database, sessionId), 'session'), page, signal),
    getEntry: async ({ questionId }) =>
      answering.entry(mustExist(questions.findPresentQuestion(database, questionId), 'question')),
    openLastSession: async (_input, { actor }) => {
      const last = sessions.findLastOpenedSession(database);
      return last === null ? null : openSession(context, last.id, { actor });
    },
    savePosition: async (input, { actor }) => savePosition(context, actor, input),

    ask: async (input, by) => answering.ask(input, by),
    askAgain: async (input, by) => answering.askAgain(input, by),
    getAnswer: async ({ answerId }) =>
      answering.queue.current(mustExist(answers.findAnswer(database, answerId), 'answer')),
    deleteQuestion: async ({ questionId }, by) => {
      deleteQuestion(store, by, questionId);
      return {};
    },
    restoreQuestion: async ({ questionId }, by) => answering.entry(restoreQuestion(store, by, questionId)),
    stopAnswer: async ({ answerId }) => {
      answering.queue.stop(mustExist(answers.findAnswer(database, answerId), 'answer'));
      return {};
    },
    pauseAnswer: async ({ answerId }) => {
      answering.queue.pause(mustExist(answers.findAnswer(database, answerId), 'answer'));
      return {};
    },
    resumeAnswer: async ({ answerId }) => {
      answering.queue.resume(mustExist(answers.findAnswer(database, answerId), 'answer'));
      return {};
    },

    apply: async (input, by) => applyCommand({ ...options, library }, input, by),
    ...changeCalls(telling),

    cancelJob: async ({ jobId }) => {
      jobs.cancel(jobId);
      return {};
    },
    listJobs: async () => jobs.list(),
  };

  return {
    calls,
    findDropped: (file) =>
      findDropped(file, {
        grants,
        home: store.layout.home,
        folders: () => browser.folders(),
        knownPaths: (size) => videos.findVideoPathsBySize(database, size),
        isLeftOver: (path) => copies.isLeftOver(path),
      }),
    importStream: async (name, content, signal) =>
      grants.addFile(await copies.receive(name, content, signal)),
    discardLeftOvers: () => copies.discardLeftOvers(),
    openDemonstration: async (path) => {
      const { id: caseId } = demonstrationCase(options, byItself);
      const video = await library.open(path, { caseId }, byItself);
      const last = sessions.findLastSessionOfCase(database, video.caseId);
      return openSession(context, (last ?? startSession(context, video, byItself)).id, byItself);
    },
    frame: async (videoId, index, signal) => {
      return (await library.frame(videoId, index, { signal, priority: 'interaction' })).frame;
    },
    recording: (videoId) => library.recording(videoId),
    answeredFrame: (answerId) => answeredFrame({ store, library, pictures }, answerId),
    keptPicture: (answerId) => keptPictureOf({ store, pictures }, answerId),
    removeKeptPictures: (caseId) => pictures.removeOfCase(caseId),
    entriesOfSession: (sessionId, signal) => entriesOfSession(context, sessionId, signal),
    databaseReplaced: () => {
      feed.replaced();
      if (options.durable === true) answering.queue.takeUp();
    },
    takeUp: (loaded) => answering.queue.takeUp(loaded),
    dispose: async () => {
      const closed = answering.queue.close();
      jobs.cancelAll();
      await closed;
      await library.close();
      endTelling();
      feed.end();
    },
  };
}
