import { sqlMigration } from './migration.ts';

/**
 * Keeps names of sessions, the bin for cases and sessions, and the index of full-text search. The index stores no texts and
 * nothing that is not in other tables, so it can be filled again whenever the database is opened (`search/fill.ts`).
 */
export const migration = sqlMigration({
  version: 20,
  name: 'library',
  sql: `
    ALTER TABLE cases ADD COLUMN deleted_at INTEGER;
    ALTER TABLE sessions ADD COLUMN deleted_at INTEGER;
    ALTER TABLE sessions ADD COLUMN name TEXT;

    CREATE TABLE search_documents (
      -- Of the index's row; the larger, the later it came.
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      -- The id of the question, session or case that it is of.
      subject TEXT NOT NULL,
      case_id TEXT NOT NULL,
      session_id TEXT,
      UNIQUE (kind, subject)
    ) STRICT;
    -- What the index was filled by; no row while it is empty or not whole.
    CREATE TABLE search_state (format INTEGER NOT NULL) STRICT;
    CREATE VIRTUAL TABLE search_index USING fts5 (
      name, question, label, own, reasoning, note, model, facts,
      content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
    );
  `,
});
