import { z } from 'zod';
import { Question } from '../../preload/contract/domain.ts';
import type { QuestionId, SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRows } from './rows.ts';

const Row = z
  .object({ id: z.string(), session_id: z.string(), text: z.string(), location: Json, created_at: z.int() })
  .transform((row) => ({
    id: row.id,
    sessionId: row.session_id,
    text: row.text,
    location: row.location,
    createdAt: row.created_at,
  }))
  .pipe(Question);

const columns = 'id, session_id, text, location, created_at';

export const statements = {
  insert: statement(
    'questions.insert',
    `INSERT INTO questions (${columns}, frame_index)
     VALUES (:id, :sessionId, :text, :location, :createdAt, :frameIndex)`,
  ),
  byId: statement('questions.byId', `SELECT ${columns} FROM questions WHERE id = :id`),
  ofSession: statement(
    'questions.ofSession',
    `SELECT ${columns} FROM questions
     WHERE session_id = :sessionId AND deleted_at IS NULL ORDER BY rowid`,
  ),
  markDeleted: statement('questions.markDeleted', 'UPDATE questions SET deleted_at = :at WHERE id = :id'),
};

export function insertQuestion(database: WritableDatabase, question: Question): void {
  database.run(statements.insert, {
    id: question.id,
    sessionId: question.sessionId,
    text: question.text,
    location: json(question.location),
    createdAt: question.createdAt,
    frameIndex: question.location.index,
  });
}

/** Deleted ones too: they can be brought back. */
export function findQuestion(database: ReadableDatabase, id: QuestionId): Question | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'questions');
}

/** Oldest first, without the deleted. */
export function listQuestions(database: ReadableDatabase, sessionId: SessionId): Question[] {
  return parseRows(database, Row, database.all(statements.ofSession, { sessionId }), 'questions');
}

/** Hides a question, or with null brings it back. False when there is no such question. */
export function setQuestionDeleted(
  database: WritableDatabase,
  id: QuestionId,
  deletedAt: number | null,
): boolean {
  return database.run(statements.markDeleted, { id, at: deletedAt }) > 0;
}
