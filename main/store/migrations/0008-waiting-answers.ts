import { sqlMigration } from './migration.ts';

/** Makes the index find waiting answers as well as running ones, because a process that died may leave both behind. */
export const migration = sqlMigration({
  version: 8,
  name: 'waiting-answers',
  sql: `
    DROP INDEX answers_running;
    CREATE INDEX answers_under_way ON answers (process_id) WHERE ended_at IS NULL;
  `,
});
