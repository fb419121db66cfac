import { sqlMigration } from './migration.ts';

export const migration = sqlMigration({
  version: 2,
  name: 'sessions',
  sql: `
    CREATE TABLE sessions (
      id TEXT NOT NULL PRIMARY KEY,
      case_id TEXT NOT NULL REFERENCES cases (id),
      video_id TEXT NOT NULL REFERENCES videos (id),
      number INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      opened_at INTEGER NOT NULL,
      frame_index INTEGER NOT NULL,
      UNIQUE (case_id, number)
    ) STRICT;

    CREATE INDEX sessions_by_video ON sessions (video_id);
    CREATE INDEX sessions_by_updated ON sessions (updated_at);
    CREATE INDEX sessions_by_opened ON sessions (opened_at);
  `,
});
