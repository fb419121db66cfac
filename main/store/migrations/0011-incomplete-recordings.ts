import { sqlMigration } from './migration.ts';

/** Whether the end of a video's recording is missing, or still being recorded. */
export const migration = sqlMigration({
  version: 11,
  name: 'incomplete-recordings',
  sql: `ALTER TABLE videos ADD COLUMN incomplete TEXT;`,
});
