import { sqlMigration } from './migration.ts';

/**
 * Keeps the boxes that people carry over the frames of a segment. The row of a deleted one stays, so that it can return.
 */
export const migration = sqlMigration({
  version: 24,
  name: 'tracks',
  sql: `
    CREATE TABLE tracks (
      id TEXT NOT NULL PRIMARY KEY,
      session_id TEXT NOT NULL REFERENCES sessions (id),
      video_id TEXT NOT NULL REFERENCES videos (id),
      segment_id TEXT NOT NULL REFERENCES segments (id),
      label TEXT NOT NULL,
      eye TEXT,
      picture TEXT NOT NULL,
      key_frames TEXT NOT NULL,
      actor TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      removed_at INTEGER
    ) STRICT;
    CREATE INDEX tracks_of_session ON tracks (session_id);
  `,
});
