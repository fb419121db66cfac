import { sqlMigration } from './migration.ts';

/** Keeps what the model's numbers say about an answer; it is null for answers from before these were kept. */
export const migration = sqlMigration({
  version: 4,
  name: 'evidence',
  sql: `
    ALTER TABLE answers ADD COLUMN evidence TEXT;
  `,
});
