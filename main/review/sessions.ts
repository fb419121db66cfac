import type { CallInput } from '../../preload/contract/calls.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import type { Answer, Session, SessionSummary } from '../../preload/contract/domain.ts';
import {
  decisionsOn,
  distinctModels,
  firstPageLength,
  notesOn,
  summaryOf,
  type Entry,
  type EntryPage,
  type EntryPlace,
  type OpenSession,
} from '../../preload/contract/entries.ts';
import type { SessionId, Size, VideoId } from '../../preload/contract/values.ts';
import { SessionId as SessionIdSchema } from '../../preload/contract/values.ts';
import {
  answers,
  bookmarks,
  cases,
  mustExist,
  presentCase,
  presentSession,
  questions,
  segments,
  sessions,
  sessionViews,
  verdicts,
  type ChangeContext,
  type PlacedQuestion,
  type Store,
  type StoredSession,
  type StoredVideo,
} from '../store/index.ts';
import { mustBeRecordingOf, type VideoLibrary } from '../recordings/index.ts';

export interface SessionContext {
  store: Store;
  library: VideoLibrary;
  now: () => number;
  newId: () => string;
  /** An answer as it now stands, which may be ahead of what is stored. */
  current: (answer: Answer) => Answer;
}

/**
 * Goes on in the case's last session where nothing was asked or marked in it yet and the video is on show in it; else starts one, with the
 * next number of the case, in which the video is on show at its beginning for who starts it. Opening a recording again and again
 * leaves no empty sessions behind.
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
    // It is recorded and not undone: that would take away what one stands in.
    record.commit(by, { name: 'session.start', kind: 'record', caseId, sessionId: id }, [
      { entity: 'session', id, before: null, after: { id, caseId, number, createdAt: now() } },
    ]);
    const session = mustExist(sessions.findSession(database, id), 'session');
    const view = sessionViews.viewInVideo(database, id, { actor: by.actor, videoId: video.id });
    sessionViews.saveView(database, id, { actor: by.actor, ...view }, now());
    return session;
  });
}

/** Goes over to a recording of the session's case, to where the person stood in it. Throws `invalid-input`. */
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

/** Everything to show of a session. A video that can't be opened says why; its answers are there all the same. */
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
  sessions.markSessionOpened(store.database, id, now());
  // Read before the rest: a change in between is told again, which does no harm; one that is missed would.
  const { head } = store.record;
  const entryCount = questions.countQuestions(store.database, id);
  return {
    case: owner,
    video,
    session,
    entries: pageOfEntries(context, session),
    marks: {
      bookmarks: bookmarks.listBookmarks(store.database, id),
      segments: segments.listSegments(store.database, id),
    },
    entryCount,
    seq: head?.seq ?? 0,
    hash: head?.hash ?? null,
  };
}

/** Some questions of a session with what a list shows of them, the newest first. */
export function pageOfEntries(
  context: SessionContext,
  { id }: StoredSession,
  { before, limit = firstPageLength }: { before?: EntryPlace; limit?: number } = {},
): EntryPage {
  const asked = questions.listQuestions(context.store.database, id, { before, limit });
  return {
    ...summariesOf(context, asked),
    next: asked.length < limit ? null : (asked.at(-1)?.place ?? null),
  };
}

/** What a list shows of some questions, in their order, and the models that answered them. */
export function summariesOf(
  { store: { database }, library, current }: SessionContext,
  asked: readonly PlacedQuestion[],
): Pick<EntryPage, 'list' | 'models'> {
  const ids = asked.map(({ question }) => question.id);
  const newest = answers.listNewestAnswers(database, ids);
  const judged = verdicts.listVerdicts(database, ids);
  const sizes = new Map<VideoId, Size>();
  const sizeOf = (videoId: VideoId): Size => {
    const size = sizes.get(videoId) ?? library.find(videoId);
    sizes.set(videoId, size);
    return size;
  };
  const list = asked.flatMap(({ question, place }) => {
    const found = newest.get(question.id);
    if (found === undefined) return [];
    const summary = summaryOf(current(found.answer), {
      question: question.text,
      video: sizeOf(question.videoId),
      decisions: decisionsOn(found.answer.id, judged),
      notes: notesOn(found.answer.id, judged),
    });
    return [{ question, place, versions: found.versions, newest: summary }];
  });
  return { list, models: distinctModels([...newest.values()].map(({ answer }) => answer.model)) };
}

/** All that was asked in a session, oldest first, whole. Throws `not-found`. */
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
        // Of a video whose row can't be read nobody can say where it lies; the other sessions are listed all the same.
        look = library.look(summary.videoId);
        looks.set(summary.videoId, look);
      }
      return { ...summary, videoAvailability: await look };
    }),
  );
}

/** Writes down where a person stands in a session: no change to it, and nothing that anybody else sees. */
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
