import {
  answers,
  endAnswer,
  sessions,
  sessionViews,
  type ChangeContext,
  type NewCommand,
  type Store,
  type StoredSession,
} from '../../main/store/index.ts';
import type { Change, Edit } from '../../preload/contract/changes.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { Answer, Case, Question } from '../../preload/contract/domain.ts';
import { CaseId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import { noon } from './rows.ts';

/** Who writes in tests, where it doesn't matter who. */
export const tester: ChangeContext = { actor: ActorId.parse('tester'), window: null };

const recorded = (name: string, caseId: string | null, sessionId: string | null): NewCommand => ({
  name,
  kind: 'record',
  caseId: caseId === null ? null : CaseId.parse(caseId),
  sessionId: sessionId === null ? null : SessionId.parse(sessionId),
});

type Recorded = Pick<Store, 'database' | 'record'>;

export function addCase({ record }: Recorded, added: Case): void {
  record.commit(tester, recorded('case.create', added.id, null), [
    { entity: 'case', id: added.id, before: null, after: added },
  ]);
}

export function addSession(
  { database, record }: Recorded,
  { id, caseId, videoId, at = noon }: { id: string; caseId: string; videoId: string; at?: number },
): StoredSession {
  const number = sessions.nextSessionNumber(database, CaseId.parse(caseId));
  const facts = {
    id: SessionId.parse(id),
    caseId: CaseId.parse(caseId),
    number,
    createdAt: at,
  };
  record.commit(tester, recorded('session.start', caseId, id), [
    { entity: 'session', id, before: null, after: facts },
  ]);
  const view = { actor: tester.actor, videoId: VideoId.parse(videoId), frameIndex: FrameIndex.parse(0) };
  sessionViews.saveView(database, facts.id, view, at);
  return sessions.findSession(database, facts.id)!;
}

export function addQuestion({ record }: Recorded, added: Question): void {
  record.commit(tester, recorded('question.ask', null, added.sessionId), [
    { entity: 'question', id: added.id, before: null, after: added },
  ]);
}

export const removal = (question: Question): Edit => ({
  entity: 'question',
  id: question.id,
  before: question,
  after: null,
});

export function removeQuestion({ record }: Recorded, question: Question): Change | null {
  return record.commit(tester, recorded('question.delete', null, question.sessionId), [removal(question)]);
}

/** An answer as it is while it waits or is written, or as it stood before answers were closed. */
export function addAnswer(
  { database, record }: Recorded,
  { id, questionId, sessionId, createdAt, ...content }: Answer,
  processId: number = process.pid,
): void {
  const version = answers.nextAnswerVersion(database, questionId);
  record.commit(tester, recorded('answer.ask-again', null, sessionId), [
    { entity: 'answer', id, before: null, after: { id, questionId, sessionId, version, createdAt } },
  ]);
  answers.startAnswer(database, { id, questionId, sessionId, createdAt, ...content }, processId);
}

export const end = (store: Recorded & Pick<Store, 'tasks'>, answer: Answer): boolean =>
  endAnswer(store, answer);
