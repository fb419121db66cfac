import { z } from 'zod';
import type { SessionFacts } from '../../preload/contract/changes.ts';
import { Session, SessionSummary } from '../../preload/contract/domain.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import { FrameIndex, SessionId, type CaseId, type VideoId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound, parseRow, parseRows, type Tolerance } from './rows.ts';

const sessionRow = {
  id: z.string(),
  case_id: z.string(),
  video_id: z.string(),
  number: z.int(),
  created_at: z.int(),
  updated_at: z.int(),
  frame_index: z.int(),
};
const SessionRow = z.object(sessionRow);

const toSession = (row: z.infer<typeof SessionRow>) => ({
  id: row.id,
  caseId: row.case_id,
  videoId: row.video_id,
  number: row.number,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  frameIndex: row.frame_index,
});

const Row = SessionRow.transform(toSession).pipe(Session);

/** A session in a list; whether its video can be found is for others to say. */
export const StoredSummary = SessionSummary.omit({ videoAvailability: true });
export type StoredSummary = z.infer<typeof StoredSummary>;

const SummaryRow = z
  .object({
    ...sessionRow,
    case_pseudonym: z.string(),
    video_name: z.string(),
    question_count: z.int(),
  })
  .transform((row) => ({
    ...toSession(row),
    casePseudonym: row.case_pseudonym,
    videoName: row.video_name,
    questionCount: row.question_count,
  }))
  .pipe(StoredSummary);

const FoundRow = z.object({ found: z.int() });

/** Where a reviewer stood may be lost; what was asked there is not. */
const damaged = { fields: { frame_index: 0 } } satisfies Tolerance<Session>;

/** What is opened or changed now comes after everything else, whatever the clock says. */
const nextOpened = '(SELECT coalesce(max(opened_order), 0) + 1 FROM sessions)';
const nextChanged = '(SELECT coalesce(max(changed_order), 0) + 1 FROM sessions)';

const columns = 'id, case_id, video_id, number, created_at, updated_at, frame_index';

export const statements = {
  put: statement(
    'sessions.put',
    `INSERT INTO sessions (${columns}, opened_at, opened_order, changed_order) VALUES (:id, :caseId, :videoId,
       :number, :createdAt, :at, 0, :at, ${nextOpened}, ${nextChanged})
     ON CONFLICT (id) DO UPDATE SET case_id = excluded.case_id, video_id = excluded.video_id,
       number = excluded.number, created_at = excluded.created_at`,
  ),
  nextNumber: statement(
    'sessions.nextNumber',
    'SELECT coalesce(max(number), 0) + 1 AS number FROM sessions WHERE case_id = :caseId',
  ),
  byId: statement('sessions.byId', `SELECT ${columns} FROM sessions WHERE id = :id`),
  lastOpened: statement(
    'sessions.lastOpened',
    `SELECT ${columns} FROM sessions ORDER BY opened_order DESC LIMIT 20`,
  ),
  lastOfCase: statement(
    'sessions.lastOfCase',
    `SELECT ${columns} FROM sessions WHERE case_id = :caseId ORDER BY number DESC LIMIT 1`,
  ),
  lastOfVideo: statement(
    'sessions.lastOfVideo',
    `SELECT ${columns} FROM sessions WHERE video_id = :videoId ORDER BY number DESC LIMIT 1`,
  ),
  hasQuestions: statement(
    'sessions.hasQuestions',
    'SELECT EXISTS (SELECT 1 FROM questions WHERE session_id = :id) AS found',
  ),
  list: statement(
    'sessions.list',
    `SELECT sessions.id, sessions.case_id, sessions.video_id, sessions.number, sessions.created_at,
       sessions.updated_at, sessions.frame_index, cases.pseudonym AS case_pseudonym,
       videos.display_name AS video_name,
       (SELECT count(*) FROM questions
         WHERE questions.session_id = sessions.id AND questions.deleted_at IS NULL) AS question_count
     FROM sessions
       JOIN cases ON cases.id = sessions.case_id
       JOIN videos ON videos.id = sessions.video_id
     ORDER BY sessions.changed_order DESC`,
  ),
  markOpened: statement(
    'sessions.markOpened',
    `UPDATE sessions SET opened_at = :at, opened_order = ${nextOpened} WHERE id = :id`,
  ),
  touch: statement(
    'sessions.touch',
    `UPDATE sessions SET updated_at = :at, changed_order = ${nextChanged} WHERE id = :id`,
  ),
  savePosition: statement(
    'sessions.savePosition',
    `INSERT INTO session_views (session_id, actor, video_id, frame_index, at)
       SELECT id, :actor, video_id, :frameIndex, :at FROM sessions WHERE id = :id
     ON CONFLICT (session_id, actor) DO UPDATE SET video_id = excluded.video_id,
       frame_index = excluded.frame_index, at = excluded.at`,
  ),
  positions: statement(
    'sessions.positions',
    'SELECT session_id, frame_index FROM session_views WHERE actor = :actor',
  ),
  position: statement(
    'sessions.position',
    'SELECT session_id, frame_index FROM session_views WHERE session_id = :id AND actor = :actor',
  ),
};

/** The number of a case's next session. */
export function nextSessionNumber(database: ReadableDatabase, caseId: CaseId): number {
  const row = database.get(statements.nextNumber, { caseId });
  return parseRow(z.object({ number: z.int().positive() }), row, 'sessions').number;
}

/** Adds a session where its video begins, or writes it anew. Called by the record alone. */
export function putSession(
  database: WritableDatabase,
  { id, caseId, videoId, number, createdAt }: SessionFacts,
  at: number,
): void {
  database.run(statements.put, { id, caseId, videoId, number, createdAt, at });
}

export function findSession(database: ReadableDatabase, id: SessionId): Session | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'sessions', damaged);
}

export function findLastOpenedSession(database: ReadableDatabase): Session | null {
  // One that can't be read is passed over: the one before it is better than none.
  return parseRows(database, Row, database.all(statements.lastOpened), 'sessions', damaged)[0] ?? null;
}

export function findLastSessionOfCase(database: ReadableDatabase, caseId: CaseId): Session | null {
  const row = database.get(statements.lastOfCase, { caseId });
  return parseFound(database, Row, row, 'sessions', damaged);
}

export function findLastSessionOfVideo(database: ReadableDatabase, videoId: VideoId): Session | null {
  const row = database.get(statements.lastOfVideo, { videoId });
  return parseFound(database, Row, row, 'sessions', damaged);
}

/** The video's last session, if nothing was ever asked in it. */
export function findEmptyLastSession(database: ReadableDatabase, videoId: VideoId): Session | null {
  const session = findLastSessionOfVideo(database, videoId);
  if (session === null) return null;
  const asked = parseRow(FoundRow, database.get(statements.hasQuestions, { id: session.id }), 'sessions');
  return asked.found === 1 ? null : session;
}

/** Last changed first. */
export function listSessions(database: ReadableDatabase): StoredSummary[] {
  return parseRows(database, SummaryRow, database.all(statements.list), 'sessions', damaged);
}

export function markSessionOpened(database: WritableDatabase, id: SessionId, at: number): void {
  database.run(statements.markOpened, { id, at });
}

export function touchSession(database: WritableDatabase, id: SessionId, at: number): void {
  database.run(statements.touch, { id, at });
}

const PositionRow = z.object({ session_id: SessionId, frame_index: FrameIndex });

/** Writes down where a person stands in a session, which changes nothing of it. False when there is no such session. */
export function savePosition(
  database: WritableDatabase,
  id: SessionId,
  { actor, frameIndex }: { actor: ActorId; frameIndex: FrameIndex },
  at: number,
): boolean {
  return database.run(statements.savePosition, { id, actor, frameIndex, at }) > 0;
}

/** A session where this person stands in it; for who was never in it, where it says by itself. */
export function asSeenBy<Seen extends Session>(
  database: ReadableDatabase,
  actor: ActorId,
  session: Seen,
): Seen {
  const row = database.get(statements.position, { id: session.id, actor });
  const [position] = parseRows(database, PositionRow, row === undefined ? [] : [row], 'session_views');
  return position === undefined ? session : { ...session, frameIndex: position.frame_index };
}

/** The same of many at once. */
export function allAsSeenBy<Seen extends Session>(
  database: ReadableDatabase,
  actor: ActorId,
  seen: readonly Seen[],
): Seen[] {
  const rows = database.all(statements.positions, { actor });
  const positions = new Map(
    parseRows(database, PositionRow, rows, 'session_views').map((row) => [row.session_id, row.frame_index]),
  );
  return seen.map((session) => ({
    ...session,
    frameIndex: positions.get(session.id) ?? session.frameIndex,
  }));
}
