import { endAnswer, videos, type Store } from '../../main/store/index.ts';
import type { AnswerId, SessionId } from '../../preload/contract/values.ts';
import { aCase, aQuestion, aVideo, fullAnswer, noon, runningAnswer } from './rows.ts';
import { addAnswer as addRunning, addCase, addQuestion, addSession } from './write.ts';

/** A case with a session of `count` questions, each with a whole answer. Ids begin with `name`. */
export function addReview(store: Store, name: string, count: number): void {
  const { database } = store;
  database.transaction(() => {
    addCase(store, aCase(`${name}-case`));
    videos.insertVideo(database, aVideo(`${name}-video`, `${name}-case`));
    addSession(store, { id: `${name}-session`, caseId: `${name}-case`, videoId: `${name}-video` });
    for (let index = 0; index < count; index++) addAnswer(store, name, index);
  });
}

export function addAnswer(store: Store, name: string, index: number): void {
  const [question, answer, session] = [`${name}-q${index}`, `${name}-a${index}`, `${name}-session`];
  addQuestion(store, aQuestion(question, session, { createdAt: noon + index }));
  addRunning(store, runningAnswer(answer, question, session, { createdAt: noon + index }));
  endAnswer(store, fullAnswer(answer, question, session));
}

export const sessionOf = (name: string): SessionId => `${name}-session` as SessionId;
export const answerOf = (name: string, index: number): AnswerId => `${name}-a${index}` as AnswerId;
