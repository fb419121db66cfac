import { answers, cases, questions, sessions, videos, type Store } from '../../main/store/index.ts';
import type { AnswerId, CaseId, FrameIndex, SessionId, VideoId } from '../../preload/contract/values.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';

/** A case with a session of `count` questions, each with a whole answer. Ids begin with `name`. */
export function addReview(store: Store, name: string, count: number): void {
  const { database } = store;
  database.transaction(() => {
    cases.insertCase(database, aCase(`${name}-case`));
    videos.insertVideo(database, aVideo(`${name}-video`, `${name}-case`));
    sessions.insertSession(database, {
      id: `${name}-session` as SessionId,
      caseId: `${name}-case` as CaseId,
      videoId: `${name}-video` as VideoId,
      frameIndex: 0 as FrameIndex,
      at: noon,
    });
    for (let index = 0; index < count; index++) addAnswer(store, name, index);
  });
}

export function addAnswer({ database }: Store, name: string, index: number): void {
  const [question, answer, session] = [`${name}-q${index}`, `${name}-a${index}`, `${name}-session`];
  questions.insertQuestion(database, aQuestion(question, session, { createdAt: noon + index }));
  answers.insertAnswer(
    database,
    runningAnswer(answer, question, session, { createdAt: noon + index }),
    process.pid,
  );
  answers.updateAnswer(database, fullAnswer(answer, question, session));
}

export const sessionOf = (name: string): SessionId => `${name}-session` as SessionId;
export const answerOf = (name: string, index: number): AnswerId => `${name}-a${index}` as AnswerId;
