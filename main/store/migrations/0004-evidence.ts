import type { Migration } from './migration.ts';

/** What the model's numbers say of an answer; null for the answers from before they were kept. */
export const migration: Migration = {
  version: 4,
  name: 'evidence',
  sql: `
    ALTER TABLE answers ADD COLUMN evidence TEXT;
  `,
};
