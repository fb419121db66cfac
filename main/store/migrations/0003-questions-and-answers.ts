import { sqlMigration } from './migration.ts';

export const migration = sqlMigration({
  version: 3,
  name: 'questions and answers',
  sql: `
    CREATE TABLE questions (
      id TEXT NOT NULL PRIMARY KEY,
      session_id TEXT NOT NULL REFERENCES sessions (id),
      text TEXT NOT NULL,
      frame_index INTEGER NOT NULL,
      location TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      deleted_at INTEGER
    ) STRICT;

    CREATE INDEX questions_by_session ON questions (session_id, created_at);

    CREATE TABLE answers (
      id TEXT NOT NULL PRIMARY KEY,
      question_id TEXT NOT NULL REFERENCES questions (id),
      session_id TEXT NOT NULL REFERENCES sessions (id),
      version INTEGER NOT NULL,
      status TEXT NOT NULL,
      label TEXT,
      box TEXT,
      reasoning TEXT NOT NULL,
      raw TEXT NOT NULL,
      probability REAL,
      notes TEXT NOT NULL,
      frame TEXT,
      model TEXT,
      settings TEXT NOT NULL,
      model_input TEXT,
      tokens TEXT,
      timings TEXT,
      error TEXT,
      created_at INTEGER NOT NULL,
      ended_at INTEGER,
      -- Who writes it, and when it last said so: what is left 'running' by a dead process is found by these.
      process_id INTEGER NOT NULL,
      alive_at INTEGER NOT NULL,
      UNIQUE (question_id, version)
    ) STRICT;

    CREATE INDEX answers_by_session ON answers (session_id, created_at);
    CREATE INDEX answers_running ON answers (process_id) WHERE status = 'running';
  `,
});
