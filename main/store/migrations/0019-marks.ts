import { sqlMigration } from './migration.ts';

/**
 * Keeps what people mark in a recording: bookmarks on frames, and named segments. The row of a deleted mark stays, so that
 * it can return.
 */
export const migration = sqlMigration({
  version: 19,
  name: 'marks',
  sql: `
    CREATE TABLE bookmarks (
      id TEXT NOT NULL PRIMARY KEY,
      session_id TEXT NOT NULL REFERENCES sessions (id),
      video_id TEXT NOT NULL REFERENCES videos (id),
      frame_index INTEGER NOT NULL,
      location TEXT NOT NULL,
      name TEXT NOT NULL,
      note TEXT NOT NULL,
      actor TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      removed_at INTEGER
    ) STRICT;
    CREATE INDEX bookmarks_of_session ON bookmarks (session_id);

    CREATE TABLE segments (
      id TEXT NOT NULL PRIMARY KEY,
      session_id TEXT NOT NULL REFERENCES sessions (id),
      video_id TEXT NOT NULL REFERENCES videos (id),
      from_index INTEGER NOT NULL,
      to_index INTEGER NOT NULL,
      from_seconds REAL NOT NULL,
      to_seconds REAL NOT NULL,
      name TEXT NOT NULL,
      note TEXT NOT NULL,
      -- One a line.
      tags TEXT NOT NULL,
      look TEXT NOT NULL,
      actor TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      removed_at INTEGER
    ) STRICT;
    CREATE INDEX segments_of_session ON segments (session_id);
  `,
});
