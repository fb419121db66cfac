import { sqlMigration } from './migration.ts';

/** How a model writes its answers, where a person said so when it was imported: an interrupted import goes on with it. */
export const migration = sqlMigration({
  version: 6,
  name: 'answer-format',
  sql: 'ALTER TABLE models ADD COLUMN answer_format TEXT;',
});
