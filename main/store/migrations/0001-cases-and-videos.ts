import { sqlMigration } from './migration.ts';

export const migration = sqlMigration({
  version: 1,
  name: 'cases and videos',
  sql: `
    CREATE TABLE cases (
      id TEXT NOT NULL PRIMARY KEY,
      pseudonym TEXT NOT NULL,
      demonstration INTEGER NOT NULL DEFAULT 0 CHECK (demonstration IN (0, 1)),
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE videos (
      id TEXT NOT NULL PRIMARY KEY,
      case_id TEXT NOT NULL REFERENCES cases (id),
      path TEXT NOT NULL,
      display_name TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      container TEXT NOT NULL,
      codec TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      time_base TEXT NOT NULL,
      variable_frame_rate INTEGER NOT NULL CHECK (variable_frame_rate IN (0, 1)),
      duration_seconds REAL,
      frame_count INTEGER,
      index_state TEXT NOT NULL,
      playback TEXT NOT NULL,
      problem TEXT,
      added_at INTEGER NOT NULL,
      opened_at INTEGER NOT NULL,
      recent INTEGER NOT NULL DEFAULT 1 CHECK (recent IN (0, 1)),
      UNIQUE (case_id, fingerprint)
    ) STRICT;

    CREATE INDEX videos_by_fingerprint ON videos (fingerprint, opened_at);
    CREATE INDEX videos_recent ON videos (opened_at) WHERE recent = 1;
  `,
});
