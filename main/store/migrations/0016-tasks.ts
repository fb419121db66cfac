import { sqlMigration } from './migration.ts';

/** Keeps work that must outlive the process that does it. A row stays until its work is done. */
export const migration = sqlMigration({
  version: 16,
  name: 'tasks',
  sql: `
    CREATE TABLE tasks (
      sequence INTEGER PRIMARY KEY,
      kind TEXT NOT NULL CHECK (kind IN ('answer')),
      -- What it is about: of an answer its id.
      subject TEXT NOT NULL,
      -- The higher goes first; equal ones go in the order of asking.
      priority INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'paused', 'running')),
      -- What the asker gave beyond question and frame, as JSON.
      input TEXT NOT NULL,
      -- How often it was begun by somebody who did not live to end it, and the present time.
      attempts INTEGER NOT NULL DEFAULT 0,
      -- Whether another workstation takes it up where its own has died. What a command asked is wanted by nobody then.
      outlives_owner INTEGER NOT NULL,
      -- Who has it: a run of the program, its process, and until when it need not be heard of again.
      owner TEXT NOT NULL,
      process_id INTEGER NOT NULL,
      lease_until INTEGER NOT NULL,
      UNIQUE (kind, subject)
    ) STRICT;

    CREATE INDEX tasks_in_order ON tasks (priority DESC, sequence);
  `,
});
