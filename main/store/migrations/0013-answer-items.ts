import { sqlMigration } from './migration.ts';

/** Keeps the things of an answer that names several, each with its box. Sealed answers stay as they are. */
export const migration = sqlMigration({
  version: 13,
  name: 'answer-items',
  sql: `
    ALTER TABLE answers ADD COLUMN items TEXT;
    CREATE TRIGGER answers_refuse_update_of_sealed_items
    BEFORE UPDATE OF items ON answers WHEN OLD.seal IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a sealed answer is never changed'); END;
  `,
});
