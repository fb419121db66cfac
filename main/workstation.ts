import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import packageFile from '../package.json' with { type: 'json' };
import type { DeviceWish } from '../preload/contract/devices.ts';
import {
  ActorId,
  toErrorReport,
  type Actor,
  type AnswerId,
  type CallContext,
  type CaseId,
  type Change,
  type DroppedDescription,
  type DroppedFile,
  type Entry,
  type ErrorReport,
  type ModelId,
  type ModelState,
  type OpenSession,
  type SessionId,
  type Status,
  type WindowId,
  type WorkstationCalls,
  type WorkstationEvent,
} from '../preload/contract/index.ts';
import { drawStill } from './export/index.ts';
import { FilesForWindows, GrantRegistry, type Grant } from './files/index.ts';
import { createEngine, removeOldReports, type AnswerResult, type StartEngine } from './inference/index.ts';
import { JobRegistry } from './jobs/index.ts';
import {
  createModels,
  engineWithServer,
  readEngineSettings,
  readServerSetting,
  type Models,
} from './models/index.ts';
import { logTo, type LogSink } from './platform/log.ts';
import {
  createVideoMedia,
  extractFrame,
  inspectVideo,
  openVideoFile,
  type LookOptions,
  type VideoMedia,
  type VideoReport,
} from './recordings/index.ts';
import { backupCalls, createReview } from './review/index.ts';
import { localActor, openStore, type Log, type Store } from './store/index.ts';
import { decoderName, decoderWarning, findMediaTools, type DecodedFrame } from './video/index.ts';

export { drawFrame } from './export/index.ts';
export type { Grant } from './files/index.ts';
export { engineEnvironment } from './inference/index.ts';
export { checkServer } from './models/index.ts';
export type { LogSink } from './platform/log.ts';
export { describeDecoder, type VideoJoin, type VideoReport } from './recordings/index.ts';
export { defaultHome } from './store/index.ts';

/** Looks for decoders anew at the next call. */
export { forgetMediaTools as forgetDecoder } from './video/index.ts';

/** The clip of the demonstration case, and the model that comes with the workstation. */
const bundledClip = fileURLToPath(new URL('../resources/clip/demo.mp4', import.meta.url));
const embeddedModel = fileURLToPath(new URL('../models/nano', import.meta.url));

export interface WorkstationOptions {
  /** The data folder. */
  home: string;
  host: Status['host'];
  /** Why this host and not a window of its own; null for Electron. */
  hostReason: string | null;
  log: LogSink;
  /** True for a window: there is one of it on a data folder, and it opens ready to be asked. */
  exclusive: boolean;
  /** The system's file dialog, where the host has one, for the window that asks. Null when the person closes it. */
  chooseFile?: (window: WindowId) => Promise<string | null>;
  /** The system's folder dialog. */
  chooseFolder?: (window: WindowId) => Promise<string | null>;
  /** Where the bundled clip and the embedded model lie, when not in the source tree. */
  resources?: { clip: string; model: string };
  /** Where models run; `auto` by default. */
  device?: DeviceWish;
  /** How processes of ours, the engine's and an import's, are started; Node's fork by default. */
  startEngine?: StartEngine;
}

/** What a host shows of videos and answers besides the calls: pixels and streams. Failures are WorkstationErrors. */
export interface Media extends VideoMedia {
  /** An answer's frame with its box and label drawn on it. */
  still: (answerId: AnswerId) => Promise<{ png: Uint8Array }>;
  /** The compressed picture that was kept of an answer's frame. */
  keptPicture: (answerId: AnswerId) => Promise<{ webp: Uint8Array }>;
}

/** The one object behind every host. Failures are WorkstationErrors. */
export interface Workstation {
  readonly calls: WorkstationCalls;
  /** The person at this machine, by the account of the operating system that the workstation runs under. */
  readonly localActor: Actor;
  readonly media: Media;
  /** Returns the function that ends the listening. */
  onEvent: (listener: (event: WorkstationEvent) => void) => () => void;
  grantPath: (path: string) => Promise<Grant>;
  /**
   * Hands a file to one window to open, as if a person had chosen it there; null: to the next window that starts. Throws
   * `file-missing`, `file-unreadable`, `video-not-a-video`.
   */
  offerFile: (path: string, window: WindowId | null) => Promise<void>;
  findDropped: (file: DroppedDescription) => Promise<DroppedFile>;
  importStream: (name: string, content: Readable, signal: AbortSignal) => Promise<Grant>;
  /** The demonstration case with the bundled clip, in its last session or its first. */
  openDemonstration: () => Promise<OpenSession>;
  /** `stream`: a picture stream by its index; the file's default where it is left out. */
  inspectVideo: (path: string, options?: LookOptions) => Promise<VideoReport>;
  extractFrame: (path: string, index: number, options?: LookOptions) => Promise<DecodedFrame>;
  /** Grants a folder by its path. */
  grantFolder: (path: string) => Promise<Grant>;
  /** Where a listed model's files lie; throws `not-found`. The embedded one is imported first where it is not yet. */
  modelFolder: (modelId: ModelId, signal?: AbortSignal) => Promise<string>;
  /**
   * A model outside the data folder: an imported one, a checkpoint with a manifest, or graphs that are used in place,
   * of which `variant` names the set.
   */
  loadModelFolder: (folder: string, variant?: string) => Promise<ModelState>;
  /**
   * One question on one picture that belongs to no session; nothing is kept. The answer is the same to the last bit
   * whatever was asked before.
   */
  askImage: (
    image: { rgb: Uint8Array; width: number; height: number; hash: string },
    question: string,
    signal?: AbortSignal,
  ) => Promise<AnswerResult>;
  /** The frame that an answer is about, of its recording and eye. Throws `file-changed` where it is another one now. */
  answeredFrame: (answerId: AnswerId) => Promise<DecodedFrame>;
  /** All that was asked in a session, oldest first, with every version of its answers. Throws `not-found`. */
  entriesOfSession: (sessionId: SessionId, signal?: AbortSignal) => Promise<Entry[]>;
  /** Every change of the record, in order. */
  listChanges: (signal?: AbortSignal) => Promise<Change[]>;
  /** How many changes of a case the record holds with what they say. */
  countErasable: (caseId: CaseId) => number;
  /**
   * Erases what the record says of a case (see `Store.eraseFromRecord`), and the kept pictures that only its answers are about.
   * Throws `not-found` where the record says nothing of it.
   */
  eraseFromRecord: (
    by: Pick<CallContext, 'actor' | 'window'>,
    erased: { caseId: CaseId; reason: string },
  ) => Promise<{ changes: number; pictures: { removed: number; left: number } }>;
  /** Of the engine's process, null while there is none. */
  engineProcessId: () => number | null;
  dispose: () => Promise<void>;
}

/**
 * Builds the workstation: store, engine, model, review, media. A window's workstation starts loading the model
 * at once and lands in the demonstration case where nothing was reviewed yet.
 *
 * @throws WorkstationError `store-unwritable`, `store-full`, `store-newer`, `store-locked`
 */
export async function createWorkstation(options: WorkstationOptions): Promise<Workstation> {
  const { home, log } = options;
  const now = Date.now;
  const wasUsedBefore = existsSync(join(home, 'workstation.db'));
  const store = openStore({ home, now, log: logTo(log, 'store'), exclusive: options.exclusive });
  let actor = findActor(store, randomUUID, logTo(log, 'store'));
  await removeOldReports(home, wasUsedBefore, logTo(log, 'engine'));
  const listeners = new Set<(event: WorkstationEvent) => void>();
  const emit = (event: WorkstationEvent): void => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        // A window that can't be told must not end the work that is told of.
        const { code } = toErrorReport(error);
        log({
          level: 'error',
          area: 'events',
          message: 'a listener failed',
          details: { type: event.type, code },
        });
      }
    }
  };

  const engineLog = logTo(log, 'engine');
  const server = await readServerSetting(home);
  const settings = await readEngineSettings(home);
  const localEngine = createEngine({
    ...settings.options,
    log: (line) => engineLog.info(line),
    ...(options.startEngine ? { start: options.startEngine } : {}),
    ...(options.device === undefined ? {} : { device: options.device }),
  });
  const engine = engineWithServer(localEngine, server.configuration, (line) => engineLog.info(line));
  const jobs = new JobRegistry({
    newId: randomUUID,
    now: () => performance.now(),
    onChange: (job) => emit({ type: 'job', job }),
  });
  const grants = new GrantRegistry(randomUUID);
  const models: Models = createModels({
    store,
    engine,
    embeddedFolder: options.resources?.model ?? embeddedModel,
    server: server.configuration,
    ...(options.startEngine ? { startEngine: options.startEngine } : {}),
    jobs,
    grants,
    emit,
    now,
    log: (line) => engineLog.info(line),
  });
  const { activeModel } = models;
  const filesForWindows = new FilesForWindows();
  const videoLog = logTo(log, 'video');
  const review = createReview({
    store,
    jobs,
    grants,
    engine: activeModel,
    openVideo: openVideoFile(videoLog),
    emit,
    now,
    newId: randomUUID,
    log: logTo(log, 'review'),
    durable: options.exclusive,
  });

  const problems = [server.problem, settings.problem].filter((problem) => problem !== null);
  const notices: ErrorReport[] = [...problems];
  const allNotices = (): ErrorReport[] => [...store.notices, ...notices];
  store.onNotices(() => emit({ type: 'notices', notices: allNotices() }));
  /** Who moved the demonstration to the bin is not shown it again until they restore it. */
  const demonstrationUnlessInBin = async (): Promise<OpenSession | null> => {
    try {
      return await openDemonstration();
    } catch (error) {
      if (toErrorReport(error).code === 'in-bin') return null;
      throw error;
    }
  };
  const openDemonstration = (): Promise<OpenSession> =>
    review.openDemonstration(options.resources?.clip ?? bundledClip);
  if (options.exclusive) {
    await review.discardLeftOvers().catch((error: unknown) => {
      videoLog.warn('copies that were left over could not be removed', { code: toErrorReport(error).code });
    });
    try {
      const warning = decoderWarning(await findMediaTools({ log: videoLog }));
      if (warning) notices.push(warning.toReport());
    } catch (error) {
      notices.push(toErrorReport(error));
    }
    // What it finds is among the notices.
    store.checkRecord({ sinceLast: true }).catch((error: unknown) => {
      logTo(log, 'store').warn('the record could not be checked', { code: toErrorReport(error).code });
    });
    // The state tells the window how the loading goes, and why when it fails.
    review.takeUp(activeModel.load('chosen').catch(() => undefined));
  }

  const calls: WorkstationCalls = {
    ...review.calls,
    ...models.calls,
    getStatus: async (_input, { window }) => ({
      actor,
      window,
      version: packageFile.version,
      host: options.host,
      hostReason: options.hostReason,
      fileDialog: options.chooseFile !== undefined,
      dataFolder: home,
      savedAt: store.savedAt,
      decoder: await findMediaTools({ log: videoLog }).then(decoderName, () => null),
      notices: allNotices(),
      restoreOffered: store.restoreOffered,
    }),
    ...backupCalls(store, jobs, () => {
      const { id } = actor;
      actor = findActor(store, () => id, logTo(log, 'store'));
      review.databaseReplaced();
    }),
    chooseVideo: async (_input, { window }) => {
      const path = (await options.chooseFile?.(window)) ?? null;
      if (path === null) return null;
      const { grantId, name } = await grants.addFile(path);
      return { grantId: grantId, name };
    },
    takeFilesToOpen: async ({ starting }, { window }) => filesForWindows.take(window, starting),
    chooseModelFolder: async (_input, { window }) => {
      const path = (await options.chooseFolder?.(window)) ?? null;
      return path === null ? null : grants.addFolder(path);
    },
    openLastSession: async (input, context) => {
      const last = await review.calls.openLastSession(input, context);
      return last ?? (options.exclusive ? demonstrationUnlessInBin() : null);
    },
  };

  return {
    calls,
    get localActor() {
      return actor;
    },
    media: {
      ...createVideoMedia(review),
      keptPicture: async (answerId) => ({ webp: await review.keptPicture(answerId) }),
      still: async (answerId) => ({ png: await drawStill(await review.answeredFrame(answerId)) }),
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    grantPath: (path) => grants.addFile(path),
    offerFile: async (path, window) => {
      filesForWindows.offer(await grants.addFile(path), window);
      emit({ type: 'file-to-open' });
    },
    grantFolder: (path) => grants.addFolder(path),
    modelFolder: models.folderOf,
    findDropped: review.findDropped,
    importStream: review.importStream,
    openDemonstration,
    inspectVideo: (path, look) => inspectVideo(path, { ...look, log: videoLog }),
    extractFrame: (path, index, look) => extractFrame(path, index, { ...look, log: videoLog }),
    loadModelFolder: async (folder, variant) => {
      await activeModel.load({ folder, ...(variant !== undefined && { variant }) });
      return activeModel.describe();
    },
    askImage: (image, question, signal) =>
      activeModel.ask({
        frame: { ...image, rgb: new Uint8Array(image.rgb) },
        question,
        reproducible: true,
        ...(signal ? { signal } : {}),
      }),
    answeredFrame: async (answerId) => (await review.answeredFrame(answerId)).frame,
    entriesOfSession: review.entriesOfSession,
    listChanges: (signal) => store.reader.query('record.list', { after: 0 }, signal),
    countErasable: (caseId) => store.countErasable(caseId),
    eraseFromRecord: async (by, erased) => ({
      changes: store.eraseFromRecord(by, erased),
      pictures: await review.removeKeptPictures(erased.caseId),
    }),
    engineProcessId: () => engine.processId,
    dispose: async () => {
      listeners.clear();
      await review.dispose();
      await models.dispose();
      await engine.dispose();
      await store.reader.close();
      store.close();
    },
  };
}

/** The local profile as the database has it. One that can't be read or written keeps nobody from what else there is. */
function findActor(store: Store, newId: () => string, log: Log): Actor {
  let account = 'this account';
  try {
    account = userInfo().username;
  } catch {
    // An account without an entry in the system's list: a container's, for instance.
  }
  try {
    return localActor(store.database, account, newId);
  } catch (error) {
    log.warn('the local profile could not be kept', { code: toErrorReport(error).code });
    return { id: ActorId.parse(newId()), kind: 'person', name: account };
  }
}
