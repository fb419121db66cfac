import { sqlMigration } from './migration.ts';

/** Where a video's own clock begins anew or leaps, for the timeline. */
export const migration = sqlMigration({
  version: 7,
  name: 'clock-joins',
  sql: `ALTER TABLE videos ADD COLUMN joins TEXT NOT NULL DEFAULT '[]';`,
});
