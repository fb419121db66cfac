import { z } from 'zod';
import type { SessionFacts } from '../../preload/contract/changes.ts';
import { Session, SessionSummary } from '../../preload/contract/domain.ts';
import type { ActorId } from '../../preload/contract/context.ts';
import type { CaseId, SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { mustExist } from './must-exist.ts';
import { flag, parseFound, parseRow, parseRows } from './rows.ts';
import { viewOfSession } from './session-views.ts';

const sessionRow = {
  id: z.string(),
  case_id: z.string(),
  number: z.int(),
  name: z.string().nullable(),
  created_at: z.int(),
  updated_at: z.int(),
};

/** A session without what differs for each person, which is the recording that they see and their place in it. */
export const StoredSession = Session.omit({ videoId: true, frameIndex: true });
export type StoredSession = z.infer<typeof StoredSession>;

const Row = z
  .object(sessionRow)
  .transform((row) => ({
    id: row.id,
    caseId: row.case_id,
    number: row.number,
    name: row.name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }))
  .pipe(StoredSession);

/** A session in a list, without what only a look at its video's file can tell. */
export const StoredSummary = SessionSummary.omit({ videoAvailability: true });
export type StoredSummary = z.infer<typeof StoredSummary>;

const SummaryRow = z.object({ case_pseudonym: z.string(), question_count: z.int() });
const NameRow = z.object({ display_name: z.string() });

const FoundRow = z.object({ found: z.int() });

/** Numbers that grow with every opening and change, so that the order holds even if the clock is set back. */
const nextOpened = '(SELECT coalesce(max(opened_order), 0) + 1 FROM sessions)';
const nextChanged = '(SELECT coalesce(max(changed_order), 0) + 1 FROM sessions)';

const columns = 'id, case_id, number, name, created_at, updated_at';

/** Whether a session lies in the bin, by itself or with its case. */
const inBin = `(sessions.deleted_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM cases WHERE cases.id = sessions.case_id AND cases.deleted_at IS NOT NULL))`;

export const statements = {
  put: statement(
    'sessions.put',
    `INSERT INTO sessions (${columns}, frame_index, opened_at, opened_order, changed_order)
     VALUES (:id, :caseId, :number, :name, :createdAt, :at, 0, :at, ${nextOpened}, ${nextChanged})
     ON CONFLICT (id) DO UPDATE SET case_id = excluded.case_id, number = excluded.number,
       created_at = excluded.created_at, name = iif(:named, excluded.name, sessions.name),
       deleted_at = NULL, deleted_by = NULL`,
  ),
  nextNumber: statement(
    'sessions.nextNumber',
    'SELECT coalesce(max(number), 0) + 1 AS number FROM sessions WHERE case_id = :caseId',
  ),
  byId: statement('sessions.byId', `SELECT ${columns} FROM sessions WHERE id = :id`),
  present: statement(
    'sessions.present',
    `SELECT ${columns} FROM sessions WHERE id = :id AND deleted_at IS NULL`,
  ),
  remove: statement(
    'sessions.remove',
    'UPDATE sessions SET deleted_at = :at, deleted_by = :actor WHERE id = :id',
  ),
  isInBin: statement('sessions.isInBin', `SELECT ${inBin} AS found FROM sessions WHERE id = :id`),
  lastOpened: statement(
    'sessions.lastOpened',
    `SELECT ${columns} FROM sessions WHERE NOT ${inBin} ORDER BY opened_order DESC LIMIT 20`,
  ),
  lastOfCase: statement(
    'sessions.lastOfCase',
    `SELECT ${columns} FROM sessions WHERE case_id = :caseId AND deleted_at IS NULL
     ORDER BY number DESC LIMIT 1`,
  ),
  hasContent: statement(
    'sessions.hasContent',
    `SELECT EXISTS (SELECT 1 FROM questions WHERE session_id = :id)
       OR EXISTS (SELECT 1 FROM bookmarks WHERE session_id = :id)
       OR EXISTS (SELECT 1 FROM segments WHERE session_id = :id)
       OR EXISTS (SELECT 1 FROM tracks WHERE session_id = :id) AS found`,
  ),
  list: statement(
    'sessions.list',
    `SELECT sessions.id, sessions.case_id, sessions.number, sessions.name, sessions.created_at, sessions.updated_at,
       cases.pseudonym AS case_pseudonym,
       (SELECT count(*) FROM questions
         WHERE questions.session_id = sessions.id AND questions.deleted_at IS NULL) AS question_count
     FROM sessions
       JOIN cases ON cases.id = sessions.case_id
     WHERE sessions.deleted_at IS NULL AND cases.deleted_at IS NULL
     ORDER BY sessions.changed_order DESC`,
  ),
  videoName: statement('sessions.videoName', 'SELECT display_name FROM videos WHERE id = :videoId'),
  markOpened: statement(
    'sessions.markOpened',
    `UPDATE sessions SET opened_at = :at, opened_order = ${nextOpened} WHERE id = :id`,
  ),
  touch: statement(
    'sessions.touch',
    `UPDATE sessions SET updated_at = :at, changed_order = ${nextChanged} WHERE id = :id`,
  ),
};

/** The number that a case's next session gets. */
export function nextSessionNumber(database: ReadableDatabase, caseId: CaseId): number {
  const row = database.get(statements.nextNumber, { caseId });
  return parseRow(z.object({ number: z.int().positive() }), row, 'sessions').number;
}

/** Adds a session, replaces it, or takes it out of the bin. Called by the record alone. */
export function putSession(
  database: WritableDatabase,
  { id, caseId, number, name, createdAt }: SessionFacts,
  at: number,
): void {
  // Records of versions without session names have none, which leaves the present name as it is.
  const named = flag(name !== undefined);
  database.run(statements.put, { id, caseId, number, name: name ?? null, named, createdAt, at });
}

/** Moves a session to the bin: all its rows stay, so that it can come back. Called by the record alone. */
export function removeSession(
  database: WritableDatabase,
  id: SessionId,
  { at, actor }: { at: number; actor: ActorId },
): void {
  database.run(statements.remove, { id, at, actor });
}

/** Finds a session that was not moved to the bin by itself; its case may still lie there. */
export function findPresentSession(database: ReadableDatabase, id: SessionId): StoredSession | null {
  return parseFound(database, Row, database.get(statements.present, { id }), 'sessions');
}

/** Whether a session lies in the bin, by itself or with its case. */
export function isInBin(database: ReadableDatabase, id: SessionId): boolean {
  const row = database.get(statements.isInBin, { id });
  return row !== undefined && parseRow(FoundRow, row, 'sessions').found === 1;
}

/** Finds a session, even one in the bin. */
export function findSession(database: ReadableDatabase, id: SessionId): StoredSession | null {
  return parseFound(database, Row, database.get(statements.byId, { id }), 'sessions');
}

export function findLastOpenedSession(database: ReadableDatabase): StoredSession | null {
  // A session that can't be read is passed over, because the one before it is better than none.
  return parseRows(database, Row, database.all(statements.lastOpened), 'sessions')[0] ?? null;
}

export function findLastSessionOfCase(database: ReadableDatabase, caseId: CaseId): StoredSession | null {
  return parseFound(database, Row, database.get(statements.lastOfCase, { caseId }), 'sessions');
}

/** The case's last session, if nothing was ever asked or marked in it. */
export function findEmptyLastSession(database: ReadableDatabase, caseId: CaseId): StoredSession | null {
  const session = findLastSessionOfCase(database, caseId);
  if (session === null) return null;
  const asked = parseRow(FoundRow, database.get(statements.hasContent, { id: session.id }), 'sessions');
  return asked.found === 1 ? null : session;
}

/** Lists the sessions outside the bin as this person sees them, last changed first, without those whose case has no video. */
export function listSessions(database: ReadableDatabase, actor: ActorId): StoredSummary[] {
  const Found = z.object({ ...sessionRow, ...SummaryRow.shape });
  const rows = parseRows(database, Found, database.all(statements.list), 'sessions');
  return rows.flatMap((row) => {
    const [stored] = parseRows(database, Row, [row], 'sessions');
    const view = stored === undefined ? null : viewOfSession(database, stored.id, actor);
    const name = view && database.get(statements.videoName, { videoId: view.videoId });
    if (stored === undefined || !view || !name) return [];
    const videoName = parseRow(NameRow, name, 'videos').display_name;
    const summary = {
      ...{ ...stored, ...view, casePseudonym: row.case_pseudonym },
      ...{ videoName, questionCount: row.question_count },
    };
    return [StoredSummary.parse(summary)];
  });
}

export function markSessionOpened(database: WritableDatabase, id: SessionId, at: number): void {
  database.run(statements.markOpened, { id, at });
}

export function touchSession(database: WritableDatabase, id: SessionId, at: number): void {
  database.run(statements.touch, { id, at });
}

/** A session with the recording that a person sees there, and their place in it. Throws `not-found`. */
export function asSeenBy(database: ReadableDatabase, actor: ActorId, session: StoredSession): Session {
  return { ...session, ...mustExist(viewOfSession(database, session.id, actor), 'video') };
}
