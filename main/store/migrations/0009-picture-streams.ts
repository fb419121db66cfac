import { sqlMigration } from './migration.ts';

/** The picture streams of a file that has several, and the one that a video is. */
export const migration = sqlMigration({
  version: 9,
  name: 'picture-streams',
  sql: `
    ALTER TABLE videos ADD COLUMN streams TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE videos ADD COLUMN stream_index INTEGER;
  `,
});
