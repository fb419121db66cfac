import { z } from 'zod';
import { AnswerFacts } from '../../preload/contract/changes.ts';
import { Answer, AnswerSettings } from '../../preload/contract/domain.ts';
import { QuestionId, type AnswerId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type SqlParameters, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRow, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({
    id: z.string(),
    question_id: z.string(),
    session_id: z.string(),
    status: z.string(),
    label: z.string().nullable(),
    box: Json,
    items: Json,
    reasoning: z.string(),
    raw: z.string(),
    probability: z.number().nullable(),
    evidence: Json,
    notes: Json,
    frame: Json,
    model: Json,
    settings: Json,
    model_input: Json,
    tokens: Json,
    timings: Json,
    error: Json,
    created_at: z.int(),
    ended_at: z.int().nullable(),
  })
  .transform(
    ({
      question_id: questionId,
      session_id: sessionId,
      model_input: modelInput,
      created_at: createdAt,
      ended_at: endedAt,
      ...rest
    }) => ({ ...rest, questionId, sessionId, modelInput, createdAt, endedAt }),
  )
  .pipe(Answer);

/** Columns without which a damaged answer can still be shown, with the values that then stand in for them. */
const dispensable = {
  label: null,
  box: null,
  items: null,
  probability: null,
  evidence: null,
  notes: '[]',
  frame: null,
  model: null,
  model_input: null,
  tokens: null,
  timings: null,
  error: null,
  ended_at: null,
};

const words: Readonly<Record<string, string>> = {
  model_input: 'size of the picture',
  ended_at: 'end',
};

const damaged: Tolerance<Answer> = {
  fields: dispensable,
  mark: (answer, fields) => ({
    ...answer,
    notes: [
      ...answer.notes,
      `Can’t be read any more, as the database is damaged there: ${fields.map((field) => words[field] ?? field).join(', ')}.`,
    ],
  }),
  standIn: ({
    id,
    question_id: questionId,
    session_id: sessionId,
    created_at: createdAt,
    raw,
    reasoning,
  }) => {
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const found = Answer.safeParse({
      id,
      questionId,
      sessionId,
      createdAt,
      raw: text(raw),
      reasoning: text(reasoning),
      status: 'failed',
      label: null,
      box: null,
      items: [],
      probability: null,
      evidence: null,
      notes: [],
      frame: null,
      model: null,
      settings: AnswerSettings.parse({}),
      modelInput: null,
      tokens: null,
      timings: null,
      endedAt: null,
      error: {
        code: 'store-corrupt',
        message: 'This answer can’t be read any more: the database is damaged there.',
        hint: 'An earlier backup may still hold it: see the backups.',
      },
    });
    return found.success ? found.data : null;
  },
};

const columns = `id, question_id, session_id, status, label, box, items, reasoning, raw, probability, evidence, notes,
  frame, model, settings, model_input, tokens, timings, error, created_at, ended_at`;

const content = `status = :status, label = :label, box = :box, items = :items, reasoning = :reasoning, raw = :raw,
  probability = :probability, evidence = :evidence, notes = :notes, frame = :frame, model = :model,
  settings = :settings, model_input = :modelInput, tokens = :tokens, timings = :timings, error = :error,
  ended_at = :endedAt`;

export const statements = {
  put: statement(
    'answers.put',
    `INSERT INTO answers (id, question_id, session_id, version, created_at, status, reasoning, raw, notes, settings,
       process_id, alive_at)
     VALUES (:id, :questionId, :sessionId, :version, :createdAt, 'queued', '', '', '[]', '{}', 0, :at)
     ON CONFLICT (id) DO UPDATE SET hidden_at = NULL`,
  ),
  facts: statement(
    'answers.facts',
    `SELECT id, question_id, session_id, version, created_at FROM answers WHERE id = :id AND hidden_at IS NULL`,
  ),
  nextVersion: statement(
    'answers.nextVersion',
    'SELECT coalesce(max(version), 0) + 1 AS version FROM answers WHERE question_id = :questionId',
  ),
  hiddenOf: statement(
    'answers.hiddenOf',
    `SELECT id, question_id, session_id, version, created_at FROM answers
     WHERE question_id = :questionId AND hidden_at IS NOT NULL ORDER BY version`,
  ),
  hide: statement('answers.hide', 'UPDATE answers SET hidden_at = :at WHERE id = :id'),
  start: statement(
    'answers.start',
    `UPDATE answers SET ${content}, process_id = :processId WHERE id = :id AND process_id = 0`,
  ),
  end: statement(
    'answers.end',
    `UPDATE answers SET ${content}
     WHERE id = :id AND seal IS NULL
       AND (status IN ('queued', 'running') OR (status = 'stopped' AND process_id = :processId))`,
  ),
  savePartial: statement(
    'answers.savePartial',
    `UPDATE answers SET reasoning = :reasoning, raw = :raw, alive_at = :at
     WHERE id = :id AND status = 'running'`,
  ),
  byId: statement('answers.byId', `SELECT ${columns} FROM answers WHERE id = :id`),
  ofQuestion: statement(
    'answers.ofQuestion',
    `SELECT ${columns} FROM answers WHERE question_id = :questionId AND hidden_at IS NULL ORDER BY version`,
  ),
  ofQuestions: statement(
    'answers.ofQuestions',
    `SELECT ${columns} FROM answers
     WHERE question_id IN (SELECT value FROM json_each(:questionIds)) AND hidden_at IS NULL
     ORDER BY question_id, version`,
  ),
  /** Reads only what a list shows, because the model's text and input make up most of a row. */
  newestOf: statement(
    'answers.newestOf',
    `SELECT id, question_id, session_id, status, label, box, items, reasoning, probability, evidence, frame, model,
       created_at, ended_at, max(version) AS version, count(*) AS versions,
       '' AS raw, '[]' AS notes, '{}' AS settings, NULL AS model_input, NULL AS tokens, NULL AS timings, NULL AS error
     FROM answers
     WHERE question_id IN (SELECT value FROM json_each(:questionIds)) AND hidden_at IS NULL
     GROUP BY question_id`,
  ),
};

const toParameters = (answer: Answer): SqlParameters => ({
  id: answer.id,
  status: answer.status,
  label: answer.label,
  box: json(answer.box),
  items: answer.items.length > 0 ? json(answer.items) : null,
  reasoning: answer.reasoning,
  raw: answer.raw,
  probability: answer.probability,
  evidence: json(answer.evidence),
  notes: json(answer.notes),
  frame: json(answer.frame),
  model: json(answer.model),
  settings: json(answer.settings),
  modelInput: json(answer.modelInput),
  tokens: json(answer.tokens),
  timings: json(answer.timings),
  error: json(answer.error),
  endedAt: answer.endedAt,
});

const FactsRow = z
  .object({
    id: z.string(),
    question_id: z.string(),
    session_id: z.string(),
    version: z.int(),
    created_at: z.int(),
  })
  .transform((row) => ({
    id: row.id,
    questionId: row.question_id,
    sessionId: row.session_id,
    version: row.version,
    createdAt: row.created_at,
  }))
  .pipe(AnswerFacts);

/** The facts of an answer's asking; null if it was never asked for, or that was undone. */
export function findAnswerFacts(database: ReadableDatabase, id: AnswerId): AnswerFacts | null {
  return parseFound(database, FactsRow, database.get(statements.facts, { id }), 'answers');
}

/** The versions whose asking was undone, oldest first. */
export function listHiddenAnswers(database: ReadableDatabase, questionId: QuestionId): AnswerFacts[] {
  return parseRows(database, FactsRow, database.all(statements.hiddenOf, { questionId }), 'answers');
}

/** The version number of a question's next answer. */
export function nextAnswerVersion(database: ReadableDatabase, questionId: QuestionId): number {
  const row = database.get(statements.nextVersion, { questionId });
  return parseRow(z.object({ version: z.int().positive() }), row, 'answers').version;
}

/** Adds an answer that was asked for, or brings back one whose asking was undone. Called by the record alone. */
export function putAnswer(database: WritableDatabase, facts: AnswerFacts, at: number): void {
  database.run(statements.put, { ...facts, at });
}

/** Hides an answer whose asking is undone; its row stays, so that it can come back. Called by the record alone. */
export function hideAnswer(database: WritableDatabase, id: AnswerId, at: number): void {
  database.run(statements.hide, { id, at });
}

/** Stores with what an answer that was just added is asked, and which process will write it. */
export function startAnswer(database: WritableDatabase, answer: Answer, processId: number): void {
  database.run(statements.start, { ...toParameters(answer), processId });
}

/**
 * Stores how an answer ended. An answer that has ended already is left alone, except one that another process stopped
 * because it took the writer for dead, as after a machine's sleep. Returns whether it was stored.
 */
export function writeEnd(database: WritableDatabase, answer: Answer, processId: number): boolean {
  return database.run(statements.end, { ...toParameters(answer), processId }) > 0;
}

/** Stores an answer's text so far, which also shows that its writer lives. An answer that has ended is left alone. */
export function savePartialAnswer(
  database: WritableDatabase,
  id: AnswerId,
  partial: { raw: string; reasoning: string },
  at: number,
): void {
  database.run(statements.savePartial, { id, ...partial, at });
}

export function findAnswer(database: ReadableDatabase, id: AnswerId): Answer | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'answers', damaged);
}

/** Every version, oldest first. */
export function listAnswers(database: ReadableDatabase, questionId: QuestionId): Answer[] {
  return parseRows(database, Row, database.all(statements.ofQuestion, { questionId }), 'answers', damaged);
}

/** Every version for several questions at once; those of a question come oldest first. */
export function listAnswersOf(database: ReadableDatabase, questionIds: readonly QuestionId[]): Answer[] {
  const rows = database.all(statements.ofQuestions, { questionIds: JSON.stringify(questionIds) });
  return parseRows(database, Row, rows, 'answers', damaged);
}

const CountRow = z.object({ question_id: QuestionId, versions: z.int().positive() });

/** A question's newest answer, with only the fields that a list shows, and how many versions there are. */
export interface NewestAnswer {
  answer: Answer;
  versions: number;
}

/** Reads the newest answers of several questions at once. A question without an answer is not in the result. */
export function listNewestAnswers(
  database: ReadableDatabase,
  questionIds: readonly QuestionId[],
): Map<QuestionId, NewestAnswer> {
  const rows = database.all(statements.newestOf, { questionIds: JSON.stringify(questionIds) });
  const versions = new Map(
    parseRows(database, CountRow, rows, 'answers').map((row) => [row.question_id, row.versions]),
  );
  return new Map(
    parseRows(database, Row, rows, 'answers', damaged).map((answer) => [
      answer.questionId,
      { answer, versions: versions.get(answer.questionId) ?? 1 },
    ]),
  );
}
