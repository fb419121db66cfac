import { sqlMigration } from './migration.ts';

/**
 * The pictures of frames that were asked about, which are kept as files in the data folder: one for each frame, whatever was
 * asked about it.
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
