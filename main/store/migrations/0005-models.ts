import { sqlMigration } from './migration.ts';

/** Keeps settings, which hold for all sessions, and where each model beside the embedded one comes from. */
export const migration = sqlMigration({
  version: 5,
  name: 'models',
  sql: `
    CREATE TABLE settings (
      name TEXT NOT NULL PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT;

    CREATE TABLE models (
      id TEXT NOT NULL PRIMARY KEY,
      kind TEXT NOT NULL CHECK (kind IN ('imported', 'in-place')),
      state TEXT NOT NULL CHECK (state IN ('importing', 'ready')),
      name TEXT NOT NULL,
      -- The folder that was chosen: a checkpoint, an adapter, or the model itself where it is used in place.
      source TEXT NOT NULL,
      -- The checkpoint that an adapter was merged into.
      base TEXT,
      dtype TEXT,
      added_at INTEGER NOT NULL
    ) STRICT;
  `,
});
