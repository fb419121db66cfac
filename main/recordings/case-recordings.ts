import type { CallInput } from '../../preload/contract/calls.ts';
import type { Video } from '../../preload/contract/domain.ts';
import type { CaseId, SessionId } from '../../preload/contract/values.ts';
import {
  caseRecordings,
  cases,
  mustBelong,
  mustExist,
  presentCase,
  sessions,
  type ChangeContext,
  type Store,
  type StoredVideo,
} from '../store/index.ts';
import type { VideoLibrary } from './library.ts';

export interface CaseRecordingsContext {
  store: Store;
  library: VideoLibrary;
}

/** The recordings of a case, in its order. One whose video can't be read any more is left out. Throws `not-found`. */
export async function listRecordings(
  { store: { database }, library }: CaseRecordingsContext,
  caseId: CaseId,
): Promise<Video[]> {
  mustExist(cases.findCase(database, caseId), 'case');
  const found = caseRecordings.listCaseRecordings(database, caseId);
  return Promise.all(found.map(({ videoId }) => library.show(library.find(videoId))));
}

/** Adds a file to a case as its last recording. Throws `invalid-input` if the case has it, and what opening a file throws. */
export async function addRecording(
  { store: { database }, library }: CaseRecordingsContext,
  by: ChangeContext,
  { path, caseId, sessionId, streamIndex }: { path: string } & Omit<CallInput<'addRecording'>, 'grantId'>,
): Promise<StoredVideo> {
  presentCase(database, caseId);
  mustBeSessionOf(database, caseId, sessionId);
  return library.open(path, { caseId, streamIndex, adding: { sessionId: sessionId ?? null } }, by);
}

function mustBeSessionOf(
  database: Store['database'],
  caseId: CaseId,
  sessionId: SessionId | undefined,
): void {
  if (sessionId === undefined) return;
  mustBelong(mustExist(sessions.findSession(database, sessionId), 'session'), caseId);
}
