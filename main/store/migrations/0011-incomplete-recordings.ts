import { sqlMigration } from './migration.ts';

/** Keeps whether the end of a recording is missing, or is still being recorded. */
export const migration = sqlMigration({
  version: 11,
  name: 'incomplete-recordings',
  sql: `ALTER TABLE videos ADD COLUMN incomplete TEXT;`,
});
