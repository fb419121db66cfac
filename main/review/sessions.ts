import type { ActorId } from '../../preload/contract/context.ts';
import type { Answer, Session, SessionSummary } from '../../preload/contract/domain.ts';
import {
  decisionsOn,
  distinctModels,
  firstPageLength,
  summaryOf,
  type EntryPage,
  type EntryPlace,
  type OpenSession,
} from '../../preload/contract/entries.ts';
import type { FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import { SessionId as SessionIdSchema } from '../../preload/contract/values.ts';
import {
  answers,
  cases,
  mustExist,
  questions,
  sessions,
  verdicts,
  type ChangeContext,
  type Store,
  type StoredVideo,
} from '../store/index.ts';
import type { VideoLibrary } from '../recordings/index.ts';

export interface SessionContext {
  store: Store;
  library: VideoLibrary;
  now: () => number;
  newId: () => string;
  /** An answer as it now stands, which may be ahead of what is stored. */
  current: (answer: Answer) => Answer;
}

/**
 * Goes on in the video's last session where nothing was asked in it yet; else starts one where the video begins, with the
 * next number of its case. Opening a recording again and again leaves no empty sessions behind.
 */
export function startSession(context: SessionContext, video: StoredVideo, by: ChangeContext): Session {
  const { store, newId, now } = context;
  const { database, record } = store;
  return database.transaction(() => {
    const empty = sessions.findEmptyLastSession(database, video.id);
    if (empty !== null) return empty;
    const id = SessionIdSchema.parse(newId());
    const { caseId, id: videoId } = video;
    const number = sessions.nextSessionNumber(database, caseId);
    // It is recorded and not undone: that would take away what one stands in.
    record.commit(by, { name: 'session.start', kind: 'record', caseId, sessionId: id }, [
      { entity: 'session', id, before: null, after: { id, caseId, videoId, number, createdAt: now() } },
    ]);
    return mustExist(sessions.findSession(database, id), 'session');
  });
}

/** Everything to show of a session. A video that can't be opened says why; its answers are there all the same. */
export async function openSession(
  context: SessionContext,
  id: SessionId,
  actor: ActorId,
): Promise<OpenSession> {
  const { store, library, now } = context;
  const session = mustExist(sessions.findSession(store.database, id), 'session');
  const owner = mustExist(cases.findCase(store.database, session.caseId), 'case');
  const video = await library.prepare(library.find(session.videoId));
  sessions.markSessionOpened(store.database, id, now());
  // Read before the rest: a change in between is told again, which does no harm; one that is missed would.
  const { head } = store.record;
  const entryCount = questions.countQuestions(store.database, id);
  const seen = sessions.asSeenBy(store.database, actor, session);
  return {
    case: owner,
    video,
    session: seen,
    entries: pageOfEntries(context, session),
    entryCount,
    seq: head?.seq ?? 0,
    hash: head?.hash ?? null,
  };
}

/** Some questions of a session with what a list shows of them, the newest first. */
export function pageOfEntries(
  { store: { database }, library, current }: SessionContext,
  { id, videoId }: Session,
  { before, limit = firstPageLength }: { before?: EntryPlace; limit?: number } = {},
): EntryPage {
  const asked = questions.listQuestions(database, id, { before, limit });
  const ids = asked.map(({ question }) => question.id);
  const newest = answers.listNewestAnswers(database, ids);
  const judged = verdicts.listVerdicts(database, ids);
  const size = library.find(videoId);
  const list = asked.flatMap(({ question, place }) => {
    const found = newest.get(question.id);
    if (found === undefined) return [];
    const summary = summaryOf(current(found.answer), {
      question: question.text,
      video: size,
      decisions: decisionsOn(found.answer.id, judged),
    });
    return [{ question, place, versions: found.versions, newest: summary }];
  });
  return {
    list,
    next: asked.length < limit ? null : (asked.at(-1)?.place ?? null),
    models: distinctModels([...newest.values()].map(({ answer }) => answer.model)),
  };
}

export async function listSessions(
  { store: { database }, library }: SessionContext,
  actor: ActorId,
): Promise<SessionSummary[]> {
  const looks = new Map<VideoId, Promise<SessionSummary['videoAvailability']>>();
  return Promise.all(
    sessions.allAsSeenBy(database, actor, sessions.listSessions(database)).map(async (summary) => {
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
  { store: { database }, now }: SessionContext,
  id: SessionId,
  position: { actor: ActorId; frameIndex: FrameIndex },
): Session {
  sessions.savePosition(database, id, position, now());
  return sessions.asSeenBy(
    database,
    position.actor,
    mustExist(sessions.findSession(database, id), 'session'),
  );
}
