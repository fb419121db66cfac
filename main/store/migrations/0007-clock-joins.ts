import type { Migration } from './migration.ts';

/** Where a video's own clock begins anew or leaps, for the timeline. */
export const migration: Migration = {
  version: 7,
  name: 'clock-joins',
  sql: `ALTER TABLE videos ADD COLUMN joins TEXT NOT NULL DEFAULT '[]';`,
};
