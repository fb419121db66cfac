import { answers, questions, type ReadableDatabase } from '../../main/store/index.ts';
import type { Answer, Question } from '../../preload/contract/domain.ts';
import type { SessionId } from '../../preload/contract/values.ts';

/** The questions of a session that are there, oldest first. */
export const questionsIn = (database: ReadableDatabase, sessionId: SessionId): Question[] =>
  questions
    .listQuestions(database, sessionId, { limit: 100_000 })
    .map(({ question }) => question)
    .reverse();

/** Every version of every answer to them, as far as it can be read. */
export const answersIn = (database: ReadableDatabase, sessionId: SessionId): Answer[] =>
  questionsIn(database, sessionId).flatMap(({ id }) => answers.listAnswers(database, id));
