import { sqlMigration } from './migration.ts';

/** Keeps which eye of a stereo recording is reviewed; null stands for the whole picture. */
export const migration = sqlMigration({
  version: 21,
  name: 'stereo',
  sql: 'ALTER TABLE case_recordings ADD COLUMN eye TEXT;',
});
