import { sqlMigration } from './migration.ts';

/** Keeps the picture streams of a file that has several, and which of them a video is. */
export const migration = sqlMigration({
  version: 9,
  name: 'picture-streams',
  sql: `
    ALTER TABLE videos ADD COLUMN streams TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE videos ADD COLUMN stream_index INTEGER;
  `,
});
