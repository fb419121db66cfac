import { z } from 'zod';
import type { ActorId } from '../../preload/contract/context.ts';
import { AnswerStatus, Case } from '../../preload/contract/domain.ts';
import { BinCase, BinSession, CaseSummary, type BinItem } from '../../preload/contract/library.ts';
import { awaitsVerdict } from '../../preload/contract/verdicts.ts';
import { statement, type ReadableDatabase } from './database.ts';
import { Flag, parseRows, type Tolerance } from './rows.ts';

const awaiting = AnswerStatus.options
  .filter(awaitsVerdict)
  .map((status) => `'${status}'`)
  .join(', ');

export const statements = {
  /** Counts, for each case with questions, those questions and the answers on which the actor has not decided yet. */
  questions: statement(
    'library.questions',
    `SELECT case_id, count(*) AS questions,
       sum(status IN (${awaiting}) AND NOT EXISTS (SELECT 1 FROM verdicts
         WHERE answer_id = answers.id AND actor = :actor AND removed_at IS NULL AND judgement IS NOT NULL)) AS open
     FROM sessions
       JOIN questions ON questions.session_id = sessions.id AND questions.deleted_at IS NULL
       JOIN answers ON answers.question_id = questions.id AND version = (SELECT max(version) FROM answers AS versions
         WHERE versions.question_id = questions.id AND versions.hidden_at IS NULL)
     WHERE sessions.deleted_at IS NULL
     GROUP BY case_id`,
  ),
  cases: statement(
    'library.cases',
    `SELECT id, pseudonym, demonstration, created_at,
       (SELECT count(*) FROM sessions WHERE case_id = cases.id AND deleted_at IS NULL) AS sessions,
       (SELECT count(*) FROM case_recordings WHERE case_id = cases.id) AS recordings,
       coalesce((SELECT max(updated_at) FROM sessions WHERE case_id = cases.id AND deleted_at IS NULL), created_at)
         AS updated_at
     FROM cases WHERE deleted_at IS NULL`,
  ),
  deletedCases: statement(
    'library.deletedCases',
    `SELECT id, pseudonym, deleted_at, deleted_by,
       (SELECT count(*) FROM sessions WHERE case_id = cases.id AND deleted_at IS NULL) AS sessions,
       (SELECT count(*) FROM sessions JOIN questions ON questions.session_id = sessions.id
         WHERE case_id = cases.id AND sessions.deleted_at IS NULL AND questions.deleted_at IS NULL) AS questions
     FROM cases WHERE deleted_at IS NOT NULL`,
  ),
  deletedSessions: statement(
    'library.deletedSessions',
    `SELECT sessions.id, case_id, pseudonym, number, name, sessions.deleted_at, sessions.deleted_by,
       cases.deleted_at IS NOT NULL AS with_case,
       (SELECT count(*) FROM questions WHERE session_id = sessions.id AND questions.deleted_at IS NULL) AS questions
     FROM sessions JOIN cases ON cases.id = case_id WHERE sessions.deleted_at IS NOT NULL`,
  ),
};

/** A case in a list, without what only a look at its files can tell. */
export const StoredCaseSummary = CaseSummary.omit({ away: true });
export type StoredCaseSummary = z.infer<typeof StoredCaseSummary>;

const CaseRow = z
  .object({
    id: z.string(),
    pseudonym: z.string(),
    demonstration: Flag,
    created_at: z.int(),
    updated_at: z.int(),
    sessions: z.int(),
    recordings: z.int(),
  })
  .transform(({ created_at: createdAt, updated_at: updatedAt, ...rest }) => ({
    ...{ ...rest, createdAt, updatedAt },
    ...{ questions: 0, open: 0 },
  }))
  .pipe(StoredCaseSummary);

const QuestionsRow = z.object({ case_id: Case.shape.id, questions: z.int(), open: z.int() });

const damaged: Tolerance<StoredCaseSummary> = { fields: { demonstration: 0, created_at: 0, updated_at: 0 } };

/** Lists the cases outside the bin, last changed first, with how much an actor still has to decide in each. */
export function listCaseSummaries(database: ReadableDatabase, actor: ActorId): StoredCaseSummary[] {
  const rows = database.all(statements.questions, { actor });
  const asked = new Map(
    parseRows(database, QuestionsRow, rows, 'questions').map((row) => [row.case_id, row]),
  );
  const found = parseRows(database, CaseRow, database.all(statements.cases), 'cases', damaged);
  return found
    .map((summary) => {
      const { questions = 0, open = 0 } = asked.get(summary.id) ?? {};
      return { ...summary, questions, open };
    })
    .sort((one, other) => other.updatedAt - one.updatedAt);
}

const DeletedCaseRow = z
  .object({
    id: z.string(),
    pseudonym: z.string(),
    deleted_at: z.int(),
    deleted_by: z.string().nullable(),
    sessions: z.int(),
    questions: z.int(),
  })
  .transform((row) => ({
    ...{ kind: 'case' as const, caseId: row.id, casePseudonym: row.pseudonym },
    ...{ deletedAt: row.deleted_at, deletedBy: row.deleted_by },
    ...{ sessions: row.sessions, questions: row.questions },
  }))
  .pipe(BinCase);

const DeletedSessionRow = z
  .object({
    id: z.string(),
    case_id: z.string(),
    pseudonym: z.string(),
    number: z.int(),
    name: z.string().nullable(),
    deleted_at: z.int(),
    deleted_by: z.string().nullable(),
    with_case: Flag,
    questions: z.int(),
  })
  .transform((row) => ({
    ...{ kind: 'session' as const, caseId: row.case_id, casePseudonym: row.pseudonym },
    ...{ sessionId: row.id, sessionNumber: row.number, sessionName: row.name, withCase: row.with_case },
    ...{ deletedAt: row.deleted_at, deletedBy: row.deleted_by, questions: row.questions },
  }))
  .pipe(BinSession);

/** Lists what lies in the bin, beginning with what was moved there last. */
export function listBin(database: ReadableDatabase): BinItem[] {
  const cases = parseRows(database, DeletedCaseRow, database.all(statements.deletedCases), 'cases');
  const sessions = parseRows(
    database,
    DeletedSessionRow,
    database.all(statements.deletedSessions),
    'sessions',
  );
  return [...cases, ...sessions].sort((one, other) => other.deletedAt - one.deletedAt);
}
