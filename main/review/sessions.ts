import type { CallInput } from '../../preload/contract/calls.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import { isUnderWay, type Answer, type Session, type SessionSummary } from '../../preload/contract/domain.ts';
import {
  firstPageLength,
  type Entry,
  type EntryPage,
  type EntryPlace,
  type OpenSession,
} from '../../preload/contract/entries.ts';
import type { SessionId, VideoId } from '../../preload/contract/values.ts';
import { SessionId as SessionIdSchema } from '../../preload/contract/values.ts';
import {
  bookmarks,
  cases,
  mustExist,
  presentCase,
  presentSession,
  questions,
  segments,
  sessions,
  sessionViews,
  summariesOf,
  tracks,
  type ChangeContext,
  type Store,
  type StoredSession,
  type StoredVideo,
} from '../store/index.ts';
import { listRecordings, mustBeRecordingOf, type VideoLibrary } from '../recordings/index.ts';

export interface SessionContext {
  store: Store;
  library: VideoLibrary;
  now: () => number;
  newId: () => string;
  /** Gives the newest state of a stored answer, which may be ahead of the store while it is being written. */
  current: (answer: Answer) => Answer;
}

/**
 * Starts a session with the next number of the case, which shows the video from its beginning. If the case's last session
 * shows the same video and has no question or mark yet, it is returned instead: opening a recording again and again leaves
 * no empty sessions behind.
 */
export function startSession(context: SessionContext, video: StoredVideo, by: ChangeContext): StoredSession {
  const { store, newId, now } = context;
  const { database, record } = store;
  const { caseId } = video;
  return database.transaction(() => {
    presentCase(database, caseId);
    const empty = sessions.findEmptyLastSession(database, caseId);
    const shown = empty && sessionViews.viewOfSession(database, empty.id, by.actor);
    if (empty !== null && shown?.videoId === video.id) return empty;
    const id = SessionIdSchema.parse(newId());
    const number = sessions.nextSessionNumber(database, caseId);
    // This is recorded but can't be undone, because undo would take away the session that a person is working in.
    record.commit(by, { name: 'session.start', kind: 'record', caseId, sessionId: id }, [
      { entity: 'session', id, before: null, after: { id, caseId, number, createdAt: now() } },
    ]);
    const session = mustExist(sessions.findSession(database, id), 'session');
    const view = sessionViews.viewInVideo(database, id, { actor: by.actor, videoId: video.id });
    sessionViews.saveView(database, id, { actor: by.actor, ...view }, now());
    return session;
  });
}

/** Shows another recording of the session's case, at the frame where the person last was in it. Throws `invalid-input`. */
export function showRecording(
  { store: { database }, now }: SessionContext,
  session: StoredSession,
  { actor, video }: { actor: ActorId; video: StoredVideo },
): void {
  mustBeRecordingOf(session, video);
  const shown = sessionViews.viewOfSession(database, session.id, actor);
  if (shown?.videoId === video.id) return;
  const view = sessionViews.viewInVideo(database, session.id, { actor, videoId: video.id });
  sessionViews.saveView(database, session.id, { actor, ...view }, now());
}

/** Reads everything that a window shows of a session. A video that can't be opened says why, but hides no answers. */
export async function openSession(
  context: SessionContext,
  id: SessionId,
  { actor, videoId }: { actor: ActorId; videoId?: VideoId | undefined },
): Promise<OpenSession> {
  const { store, library, now } = context;
  const stored = presentSession(store.database, id);
  const owner = mustExist(cases.findCase(store.database, stored.caseId), 'case');
  if (videoId !== undefined) showRecording(context, stored, { actor, video: library.find(videoId) });
  const session = sessions.asSeenBy(store.database, actor, stored);
  const video = await library.prepare(library.find(session.videoId));
  const recordings = await listRecordings(context, stored.caseId);
  sessions.markSessionOpened(store.database, id, now());
  // Read before the rest, so that a change in between is told twice, which does no harm, and never missed.
  const { head } = store.record;
  const entryCount = questions.countQuestions(store.database, id);
  return {
    case: owner,
    video,
    recordings: recordings.map((recording) => (recording.id === video.id ? video : recording)),
    session,
    entries: await pageOfEntries(context, session),
    marks: {
      bookmarks: bookmarks.listBookmarks(store.database, id),
      segments: segments.listSegments(store.database, id),
      tracks: tracks.listTracks(store.database, id),
    },
    entryCount,
    seq: head?.seq ?? 0,
    hash: head?.hash ?? null,
  };
}

/**
 * Reads a page of a session's questions, newest first, with what a list shows of each. It holds whatever was committed before
 * the call; what is committed meanwhile is told as a change, which a window prefers to what a page says.
 */
export async function pageOfEntries(
  context: SessionContext,
  { id: sessionId }: StoredSession,
  { before, limit = firstPageLength }: { before?: EntryPlace | undefined; limit?: number | undefined } = {},
  signal?: AbortSignal,
): Promise<EntryPage> {
  const { database, reader } = context.store;
  const page = await reader.query('session.page', { sessionId, before, limit }, signal);
  // Answers that are being written are ahead of the database, and only this thread knows how far.
  const underWay = page.list.filter(({ newest }) => isUnderWay(newest.status));
  if (underWay.length === 0) return page;
  const ids = underWay.map(({ question }) => question.id);
  const { list } = summariesOf(database, questions.findQuestions(database, ids), context.current);
  const now = new Map(list.map((entry) => [entry.place, entry]));
  return { ...page, list: page.list.map((entry) => now.get(entry.place) ?? entry) };
}

/** Reads all questions of a session, oldest first, with every version of their answers. Throws `not-found`. */
export async function entriesOfSession(
  { store: { database, reader }, current }: SessionContext,
  id: SessionId,
  signal?: AbortSignal,
): Promise<Entry[]> {
  const { id: sessionId } = mustExist(sessions.findSession(database, id), 'session');
  const entries = await reader.query('session.entries', { sessionId }, signal);
  return entries.map((entry) => ({ ...entry, answers: entry.answers.map(current) }));
}

export async function listSessions(
  { store: { reader }, library }: SessionContext,
  { actor, signal }: { actor: ActorId; signal: AbortSignal },
): Promise<SessionSummary[]> {
  const looks = new Map<VideoId, Promise<SessionSummary['videoAvailability']>>();
  const found = await reader.query('sessions.list', { actor }, signal);
  return Promise.all(
    found.map(async (summary) => {
      let look = looks.get(summary.videoId);
      if (look === undefined) {
        // `look` never throws for a video whose row can't be read, so that the other sessions are still listed.
        look = library.look(summary.videoId);
        looks.set(summary.videoId, look);
      }
      return { ...summary, videoAvailability: await look };
    }),
  );
}

/** Stores where a person is in a session. Nobody else sees this, so it is no change of the session. */
export function savePosition(
  { store: { database }, library, now }: SessionContext,
  actor: ActorId,
  { sessionId, videoId: given, frameIndex }: CallInput<'savePosition'>,
): Session {
  const stored = mustExist(sessions.findSession(database, sessionId), 'session');
  const videoId = given ?? sessions.asSeenBy(database, actor, stored).videoId;
  if (given !== undefined) mustBeRecordingOf(stored, library.find(given));
  sessionViews.saveView(database, sessionId, { actor, videoId, frameIndex }, now());
  return sessions.asSeenBy(database, actor, stored);
}
