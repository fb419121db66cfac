import type { Migration } from './migration.ts';

/** Answers that name several things, each with its box. */
export const migration: Migration = {
  version: 12,
  name: 'answer-items',
  sql: `ALTER TABLE answers ADD COLUMN items TEXT;`,
};
