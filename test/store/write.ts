import {
  answers,
  endAnswer,
  sessions,
  type ChangeContext,
  type NewCommand,
  type Store,
} from '../../main/store/index.ts';
import type { Change, Edit } from '../../preload/contract/changes.ts';
import { ActorId } from '../../preload/contract/context.ts';
import type { Answer, Case, Question, Session } from '../../preload/contract/domain.ts';
import { CaseId, SessionId, type VideoId } from '../../preload/contract/values.ts';
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
): Session {
  const number = sessions.nextSessionNumber(database, CaseId.parse(caseId));
  const facts = {
    id: SessionId.parse(id),
    caseId: CaseId.parse(caseId),
    videoId: videoId as VideoId,
    number,
    createdAt: at,
  };
  record.commit(tester, recorded('session.start', caseId, id), [
    { entity: 'session', id, before: null, after: facts },
  ]);
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
