import { sqlMigration } from './migration.ts';

/** Keeps who moved a case or a session to the bin. When this happened is in `deleted_at`, which step 20 added. */
export const migration = sqlMigration({
  version: 22,
  name: 'bin',
  sql: `
    ALTER TABLE cases ADD COLUMN deleted_by TEXT;
    ALTER TABLE sessions ADD COLUMN deleted_by TEXT;
  `,
});
