import { z } from 'zod';
import type { QuestionFacts } from '../../preload/contract/changes.ts';
import { Question } from '../../preload/contract/domain.ts';
import { EntryPlace } from '../../preload/contract/entries.ts';
import type { QuestionId, SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRow, parseRows } from './rows.ts';

const row = {
  id: z.string(),
  session_id: z.string(),
  text: z.string(),
  video_id: z.string(),
  location: Json,
  created_at: z.int(),
};
const QuestionRow = z.object(row);

const toQuestion = (row: z.infer<typeof QuestionRow>) => ({
  id: row.id,
  sessionId: row.session_id,
  text: row.text,
  videoId: row.video_id,
  location: row.location,
  createdAt: row.created_at,
});

const Row = QuestionRow.transform(toQuestion).pipe(Question);

/** A question with its place in the order of asking. */
const PlacedQuestion = z.object({ question: Question, place: EntryPlace });
export type PlacedQuestion = z.infer<typeof PlacedQuestion>;

const PlacedRow = z
  .object({ ...row, place: z.int() })
  .transform(({ place, ...rest }) => ({ place, question: toQuestion(rest) }))
  .pipe(PlacedQuestion);

const columns = 'id, session_id, text, video_id, location, created_at';

/** The video of a question that was recorded by a version whose sessions had one video each. */
const onlyVideo = `(SELECT coalesce(left_video_id, (SELECT id FROM videos WHERE case_id = sessions.case_id ORDER BY rowid LIMIT 1))
  FROM sessions WHERE id = :sessionId)`;

/** A place after every question, to begin with the newest. */
const newest = Number.MAX_SAFE_INTEGER;

export const statements = {
  put: statement(
    'questions.put',
    `INSERT INTO questions (${columns}, frame_index)
     VALUES (:id, :sessionId, :text, coalesce(:videoId, ${onlyVideo}), :location, :createdAt, :frameIndex)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, text = excluded.text,
       video_id = coalesce(:videoId, questions.video_id), location = excluded.location, created_at = excluded.created_at,
       frame_index = excluded.frame_index, deleted_at = NULL`,
  ),
  byId: statement('questions.byId', `SELECT ${columns} FROM questions WHERE id = :id`),
  page: statement(
    'questions.page',
    `SELECT ${columns}, rowid AS place FROM questions
     WHERE session_id = :sessionId AND deleted_at IS NULL AND rowid < :before ORDER BY rowid DESC LIMIT :limit`,
  ),
  byIds: statement(
    'questions.byIds',
    `SELECT ${columns}, rowid AS place FROM questions
     WHERE id IN (SELECT value FROM json_each(:ids)) AND deleted_at IS NULL`,
  ),
  count: statement(
    'questions.count',
    'SELECT count(*) AS count FROM questions WHERE session_id = :sessionId AND deleted_at IS NULL',
  ),
  place: statement('questions.place', 'SELECT rowid AS place FROM questions WHERE id = :id'),
  present: statement(
    'questions.present',
    `SELECT ${columns} FROM questions WHERE id = :id AND deleted_at IS NULL`,
  ),
  hide: statement('questions.hide', 'UPDATE questions SET deleted_at = :at WHERE id = :id'),
};

/** Adds a question, replaces it, or brings back a deleted one. Called by the record alone. */
export function putQuestion(database: WritableDatabase, question: QuestionFacts): void {
  database.run(statements.put, {
    id: question.id,
    sessionId: question.sessionId,
    text: question.text,
    videoId: question.videoId ?? null,
    location: json(question.location),
    createdAt: question.createdAt,
    frameIndex: question.location.index,
  });
}

/** Finds a question, even a deleted one, since that can come back. */
export function findQuestion(database: ReadableDatabase, id: QuestionId): Question | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'questions');
}

/** The place of a question in the order of asking, even if it is deleted. */
export function placeOfQuestion(database: ReadableDatabase, id: QuestionId): EntryPlace {
  const row = database.get(statements.place, { id });
  return parseRow(z.object({ place: EntryPlace }), row, 'questions').place;
}

/** Lists a page of a session's questions that were asked before a place, newest first and without deleted ones. */
export function listQuestions(
  database: ReadableDatabase,
  sessionId: SessionId,
  { before, limit }: { before?: EntryPlace | undefined; limit: number },
): PlacedQuestion[] {
  const rows = database.all(statements.page, { sessionId, before: before ?? newest, limit });
  return parseRows(database, PlacedRow, rows, 'questions');
}

/** Finds questions by their ids, in no order and without deleted ones. */
export function findQuestions(database: ReadableDatabase, ids: readonly QuestionId[]): PlacedQuestion[] {
  const rows = database.all(statements.byIds, { ids: JSON.stringify(ids) });
  return parseRows(database, PlacedRow, rows, 'questions');
}

/** How many questions a session has, without deleted ones. */
export function countQuestions(database: ReadableDatabase, sessionId: SessionId): number {
  const row = database.get(statements.count, { sessionId });
  return parseRow(z.object({ count: z.int() }), row, 'questions').count;
}

/** Finds a question that is not deleted. */
export function findPresentQuestion(database: ReadableDatabase, id: QuestionId): Question | null {
  const row = database.get(statements.present, { id });
  return parseFound(database, Row, row, 'questions');
}

/** Deletes a question, whose row stays so that it can be brought back. Called by the record alone. */
export function hideQuestion(database: WritableDatabase, id: QuestionId, at: number): void {
  database.run(statements.hide, { id, at });
}
