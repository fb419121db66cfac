import { sqlMigration } from './migration.ts';

/** Who moved a case or a session to the bin; when is in `deleted_at` since version 20. */
export const migration = sqlMigration({
  version: 22,
  name: 'bin',
  sql: `
    ALTER TABLE cases ADD COLUMN deleted_by TEXT;
    ALTER TABLE sessions ADD COLUMN deleted_by TEXT;
  `,
});
