import { sqlMigration } from './migration.ts';

/** Keeps where a video's own clock starts again or leaps, because the timeline marks these places. */
export const migration = sqlMigration({
  version: 7,
  name: 'clock-joins',
  sql: `ALTER TABLE videos ADD COLUMN joins TEXT NOT NULL DEFAULT '[]';`,
});
