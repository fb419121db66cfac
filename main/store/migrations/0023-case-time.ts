import { sqlMigration } from './migration.ts';

/** Keeps when a recording began, both as its file states it and as a person stated it for the case. */
export const migration = sqlMigration({
  version: 23,
  name: 'case-time',
  sql: `
    ALTER TABLE videos ADD COLUMN recorded_at INTEGER;
    ALTER TABLE case_recordings ADD COLUMN start TEXT;
  `,
});
