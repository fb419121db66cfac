import { z } from 'zod';
import { AnswerFormat } from '../../preload/contract/model.ts';
import { ModelId, Timestamp } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound, parseRows } from './rows.ts';

/** Where a model comes from. Everything else is read from its files. */
const ModelRecord = z.object({
  /** Also the name of its folder under `models/`, if it was imported. */
  id: ModelId,
  kind: z.enum(['imported', 'in-place']),
  /** `importing` also stands for an import that was interrupted. */
  state: z.enum(['importing', 'ready']),
  /** The name of the chosen folder, by which the person knows it. */
  name: z.string(),
  /** The folder that was chosen: a checkpoint, an adapter, or the model itself where it is used in place. */
  source: z.string(),
  /** The checkpoint that an adapter was merged into. */
  base: z.string().nullable(),
  dtype: z.string().nullable(),
  /** How it writes its answers; null if the person did not say. */
  answerFormat: AnswerFormat.nullable(),
  addedAt: Timestamp,
});
export type ModelRecord = z.infer<typeof ModelRecord>;

const Row = z
  .object({
    id: z.string(),
    kind: z.string(),
    state: z.string(),
    name: z.string(),
    source: z.string(),
    base: z.string().nullable(),
    dtype: z.string().nullable(),
    answer_format: z.string().nullable(),
    added_at: z.int(),
  })
  .transform(({ answer_format: answerFormat, added_at: addedAt, ...row }) => ({
    ...row,
    answerFormat,
    addedAt,
  }))
  .pipe(ModelRecord);

const columns = 'id, kind, state, name, source, base, dtype, answer_format, added_at';

export const statements = {
  put: statement(
    'models.put',
    `INSERT INTO models (${columns}) VALUES (:id, :kind, :state, :name, :source, :base, :dtype, :answerFormat, :addedAt)
     ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state, name = excluded.name,
       source = excluded.source, base = excluded.base, dtype = excluded.dtype,
       answer_format = excluded.answer_format, added_at = excluded.added_at`,
  ),
  byId: statement('models.byId', `SELECT ${columns} FROM models WHERE id = :id`),
  list: statement('models.list', `SELECT ${columns} FROM models ORDER BY added_at, id`),
  remove: statement('models.remove', 'DELETE FROM models WHERE id = :id'),
};

/** Adds a model, or replaces its record. */
export function putModel(database: WritableDatabase, record: ModelRecord): void {
  database.run(statements.put, { ...record });
}

export function findModel(database: ReadableDatabase, id: ModelId): ModelRecord | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'models');
}

/** Lists the models, oldest first. */
export function listModels(database: ReadableDatabase): ModelRecord[] {
  return parseRows(database, Row, database.all(statements.list), 'models');
}

/** Deletes a model's record but not its files. Returns false if there was no record. */
export function removeModel(database: WritableDatabase, id: ModelId): boolean {
  return database.run(statements.remove, { id }) > 0;
}
