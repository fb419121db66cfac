import { sqlMigration } from './migration.ts';

/** Keeps the answer format that a person stated for a model, so that an interrupted import can go on with it. */
export const migration = sqlMigration({
  version: 6,
  name: 'answer-format',
  sql: 'ALTER TABLE models ADD COLUMN answer_format TEXT;',
});
