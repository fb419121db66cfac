import { sqlMigration } from './migration.ts';

/** Answers that wait for their turn are found as those that are written: what a dead process left is of both kinds. */
export const migration = sqlMigration({
  version: 8,
  name: 'waiting-answers',
  sql: `
    DROP INDEX answers_running;
    CREATE INDEX answers_under_way ON answers (process_id) WHERE ended_at IS NULL;
  `,
});
