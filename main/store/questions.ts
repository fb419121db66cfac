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
  put: statement(
    'questions.put',
    `INSERT INTO questions (${columns}, frame_index)
     VALUES (:id, :sessionId, :text, :location, :createdAt, :frameIndex)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, text = excluded.text,
       location = excluded.location, created_at = excluded.created_at, frame_index = excluded.frame_index,
       deleted_at = NULL`,
  ),
  byId: statement('questions.byId', `SELECT ${columns} FROM questions WHERE id = :id`),
  ofSession: statement(
    'questions.ofSession',
    `SELECT ${columns} FROM questions
     WHERE session_id = :sessionId AND deleted_at IS NULL ORDER BY rowid`,
  ),
  present: statement(
    'questions.present',
    `SELECT ${columns} FROM questions WHERE id = :id AND deleted_at IS NULL`,
  ),
  hide: statement('questions.hide', 'UPDATE questions SET deleted_at = :at WHERE id = :id'),
};

/** Adds a question, writes it anew, or brings a deleted one back. Called by the record alone. */
export function putQuestion(database: WritableDatabase, question: Question): void {
  database.run(statements.put, {
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

/** Null for a deleted one, too. */
export function findPresentQuestion(database: ReadableDatabase, id: QuestionId): Question | null {
  const row = database.get(statements.present, { id });
  return parseFound(database, Row, row, 'questions');
}

/** Deletes a question, whose row stays so that it can be brought back. Called by the record alone. */
export function hideQuestion(database: WritableDatabase, id: QuestionId, at: number): void {
  database.run(statements.hide, { id, at });
}
