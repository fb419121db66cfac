import { z } from 'zod';
import type { ActorId } from '../../preload/contract/context.ts';
import type { AnswerId, QuestionId } from '../../preload/contract/values.ts';
import { Verdict } from '../../preload/contract/verdicts.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({
    answer_id: z.string(),
    question_id: z.string(),
    actor: z.string(),
    judgement: Json,
    marks: Json,
    note: z.string(),
  })
  .transform(({ answer_id: answerId, question_id: questionId, ...rest }) => ({
    ...rest,
    answerId,
    questionId,
  }))
  .pipe(Verdict);

/** A damaged verdict is shown without its damaged parts. A decision that can't be read counts as none. */
const damaged: Tolerance<Verdict> = { fields: { judgement: null, marks: '[]', note: '' } };

/** The columns of a verdict, with an id by which a damaged row can be reported. */
const columns = `answer_id || ':' || actor AS id, answer_id, question_id, actor, judgement, marks, note`;

export const statements = {
  put: statement(
    'verdicts.put',
    `INSERT INTO verdicts (answer_id, actor, question_id, judgement, marks, note)
     VALUES (:answerId, :actor, :questionId, :judgement, :marks, :note)
     ON CONFLICT (answer_id, actor) DO UPDATE SET question_id = excluded.question_id,
       judgement = excluded.judgement, marks = excluded.marks, note = excluded.note, removed_at = NULL`,
  ),
  present: statement(
    'verdicts.present',
    `SELECT ${columns} FROM verdicts WHERE answer_id = :answerId AND actor = :actor AND removed_at IS NULL`,
  ),
  ofQuestions: statement(
    'verdicts.ofQuestions',
    `SELECT ${columns} FROM verdicts
     WHERE question_id IN (SELECT value FROM json_each(:questionIds)) AND removed_at IS NULL
     ORDER BY answer_id, actor`,
  ),
  remove: statement(
    'verdicts.remove',
    'UPDATE verdicts SET removed_at = :at WHERE answer_id = :answerId AND actor = :actor',
  ),
};

/** Identifies a verdict by its answer and the person whose it is. */
export interface VerdictKey {
  readonly answerId: AnswerId;
  readonly actor: ActorId;
}

/** Adds or replaces a verdict. Called by the record alone. */
export function putVerdict(database: WritableDatabase, verdict: Verdict): void {
  const { answerId, actor, questionId, judgement, marks, note } = verdict;
  database.run(statements.put, {
    ...{ answerId, actor, questionId, note },
    judgement: json(judgement),
    marks: JSON.stringify(marks),
  });
}

/** Finds a person's verdict on an answer; null if there is none, or it was taken back. */
export function findVerdict(database: ReadableDatabase, { answerId, actor }: VerdictKey): Verdict | null {
  const row = database.get(statements.present, { answerId, actor });
  return parseFound(database, Row, row, 'verdicts', damaged);
}

/** Lists everybody's verdicts on all versions of the answers to some questions. */
export function listVerdicts(database: ReadableDatabase, questionIds: readonly QuestionId[]): Verdict[] {
  const rows = database.all(statements.ofQuestions, { questionIds: JSON.stringify(questionIds) });
  return parseRows(database, Row, rows, 'verdicts', damaged);
}

/** Takes a verdict back; its row stays, so that it can be brought back. Called by the record alone. */
export function removeVerdict(database: WritableDatabase, { answerId, actor }: VerdictKey, at: number): void {
  database.run(statements.remove, { answerId, actor, at });
}
