import { z } from 'zod';
import { Answer, AnswerSettings, FrameIdentity } from '../../preload/contract/domain.ts';
import {
  Box,
  type AnswerId,
  type QuestionId,
  type SessionId,
  type Size,
  type VideoId,
} from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type SqlParameters, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRows, type Tolerance } from './rows.ts';

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

/** What an answer can be shown without, and what stands there then. */
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

export const statements = {
  insert: statement(
    'answers.insert',
    `INSERT INTO answers (${columns}, version, process_id, alive_at) VALUES (:id, :questionId, :sessionId,
       :status, :label, :box, :items, :reasoning, :raw, :probability, :evidence, :notes, :frame, :model, :settings,
       :modelInput, :tokens, :timings, :error, :createdAt, :endedAt,
       (SELECT coalesce(max(version), 0) + 1 FROM answers WHERE question_id = :questionId),
       :processId, :createdAt)`,
  ),
  update: statement(
    'answers.update',
    `UPDATE answers SET status = :status, label = :label, box = :box, items = :items, reasoning = :reasoning, raw = :raw,
       probability = :probability, evidence = :evidence, notes = :notes, frame = :frame, model = :model, settings = :settings,
       model_input = :modelInput, tokens = :tokens, timings = :timings, error = :error, ended_at = :endedAt
     WHERE id = :id AND (status IN ('queued', 'running') OR (status = 'stopped' AND process_id = :processId))`,
  ),
  begin: statement(
    'answers.begin',
    `UPDATE answers SET status = 'running', alive_at = :at WHERE id = :id AND status = 'queued'`,
  ),
  keepAlive: statement(
    'answers.keepAlive',
    `UPDATE answers SET alive_at = :at WHERE id = :id AND status IN ('queued', 'running')`,
  ),
  savePartial: statement(
    'answers.savePartial',
    `UPDATE answers SET reasoning = :reasoning, raw = :raw, alive_at = :at
     WHERE id = :id AND status = 'running'`,
  ),
  byId: statement('answers.byId', `SELECT ${columns} FROM answers WHERE id = :id`),
  ofQuestion: statement(
    'answers.ofQuestion',
    `SELECT ${columns} FROM answers WHERE question_id = :questionId ORDER BY version`,
  ),
  ofSession: statement(
    'answers.ofSession',
    `SELECT ${columns} FROM answers WHERE session_id = :sessionId ORDER BY rowid`,
  ),
  beforeDisplay: statement(
    'answers.beforeDisplay',
    `SELECT a.id, a.box, a.frame FROM answers a JOIN sessions s ON s.id = a.session_id
     WHERE s.video_id = :videoId AND a.frame IS NOT NULL AND json_valid(a.frame)
       AND json_extract(a.frame, '$.picture') IS NULL`,
  ),
  moveBox: statement('answers.moveBox', 'UPDATE answers SET box = :box, frame = :frame WHERE id = :id'),
  running: statement(
    'answers.running',
    `SELECT id, process_id, alive_at, status FROM answers
     WHERE ended_at IS NULL AND status IN ('queued', 'running')`,
  ),
  stopOrphan: statement(
    'answers.stopOrphan',
    `UPDATE answers SET status = 'stopped', ended_at = :at, notes = json_insert(notes, '$[#]', :note)
     WHERE id = :id AND status = :status`,
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

/** Adds the next version of a question's answer; `processId` is of the process that writes it. */
export function insertAnswer(database: WritableDatabase, answer: Answer, processId: number): void {
  database.run(statements.insert, {
    ...toParameters(answer),
    questionId: answer.questionId,
    sessionId: answer.sessionId,
    createdAt: answer.createdAt,
    processId,
  });
}

/**
 * Writes how an answer ended. One that has ended already is left alone; but where another process took its writer for
 * dead and stopped it, as after a machine's sleep, the writer's own word counts. Returns whether it was written.
 */
export function updateAnswer(
  database: WritableDatabase,
  answer: Answer,
  processId: number = process.pid,
): boolean {
  return database.run(statements.update, { ...toParameters(answer), processId }) > 0;
}

/** Its turn has come. False where it does not wait any more: somebody has ended it. */
export function beginAnswer(database: WritableDatabase, id: AnswerId, at: number): boolean {
  return database.run(statements.begin, { id, at }) > 0;
}

/** A sign of life of whoever writes these answers, or will when their turn comes. */
export function keepAnswersAlive(database: WritableDatabase, ids: readonly AnswerId[], at: number): void {
  database.transaction(() => {
    for (const id of ids) database.run(statements.keepAlive, { id, at });
  });
}

/** Keeps the text so far, and says that its writer is alive. An answer that has ended is left alone. */
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

/** Every version of every answer of a session, oldest first. */
export function listAnswersOfSession(database: ReadableDatabase, sessionId: SessionId): Answer[] {
  return parseRows(database, Row, database.all(statements.ofSession, { sessionId }), 'answers', damaged);
}

const BeforeDisplayRow = z.object({
  id: z.string(),
  box: Json.pipe(Box.nullable()),
  frame: Json.pipe(FrameIdentity),
});

/**
 * Puts the boxes of earlier versions, which were found on the picture as coded, where they lie on the displayed one. Once
 * for each answer: its frame then says the size of the picture that its box belongs to.
 */
export function moveBoxesToDisplayed(
  database: WritableDatabase,
  videoId: VideoId,
  picture: Size,
  boxAsDisplayed: (box: Box) => Box,
): void {
  database.transaction(() => {
    const rows = parseRows(
      database,
      BeforeDisplayRow,
      database.all(statements.beforeDisplay, { videoId }),
      'answers',
    );
    for (const { id, box, frame } of rows) {
      database.run(statements.moveBox, {
        id,
        box: json(box && boxAsDisplayed(box)),
        frame: json({ ...frame, picture }),
      });
    }
  });
}

/** Longer than any writer goes without a sign of life. */
const SILENCE_MILLISECONDS = 2 * 60 * 1000;
const RunningRow = z.object({
  id: z.string(),
  process_id: z.int(),
  alive_at: z.int(),
  status: z.enum(['queued', 'running']),
});

const orphanNotes = {
  queued: 'The workstation ended before the turn of this question came: the model had not begun.',
  running: 'The workstation ended while this was being written; the text up to then was kept.',
} as const;

/**
 * Ends the answers that a dead process left waiting or running; their text so far is kept. Called once at start, so
 * an own process id means an earlier process that had the same number. Returns how many there were.
 */
export function stopOrphans(database: WritableDatabase, now: number): number {
  const running = parseRows(database, RunningRow, database.all(statements.running), 'answers');
  const orphans = running.filter(
    (row) =>
      row.process_id === process.pid || now - row.alive_at > SILENCE_MILLISECONDS || !isAlive(row.process_id),
  );
  if (orphans.length === 0) return 0;
  return database.transaction(() => {
    return orphans.reduce(
      (count, { id, status }) =>
        count + database.run(statements.stopOrphan, { id, status, at: now, note: orphanNotes[status] }),
      0,
    );
  });
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
