import { sqlMigration } from './migration.ts';

/** What the model's numbers say of an answer; null for the answers from before they were kept. */
export const migration = sqlMigration({
  version: 4,
  name: 'evidence',
  sql: `
    ALTER TABLE answers ADD COLUMN evidence TEXT;
  `,
});
