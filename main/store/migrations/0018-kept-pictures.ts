import { sqlMigration } from './migration.ts';

/**
 * Lists the pictures of asked frames, which are kept as files in the data folder. Each frame has one, however many
 * questions are about it.
 */
export const migration = sqlMigration({
  version: 18,
  name: 'kept-pictures',
  sql: `
    CREATE TABLE kept_pictures (
      -- Of the frame's own pixels, as its answers name it.
      frame_hash TEXT NOT NULL PRIMARY KEY,
      -- Of the file that is kept.
      sha256 TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      kept_at INTEGER NOT NULL
    ) STRICT;
  `,
});
