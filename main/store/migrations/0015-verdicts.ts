import { sqlMigration } from './migration.ts';

/**
 * Keeps people's verdicts, one for each answer and person. The row of a verdict that was taken back stays, so that it can
 * return.
 */
export const migration = sqlMigration({
  version: 15,
  name: 'verdicts',
  sql: `
    CREATE TABLE verdicts (
      answer_id TEXT NOT NULL REFERENCES answers (id),
      actor TEXT NOT NULL,
      question_id TEXT NOT NULL REFERENCES questions (id),
      judgement TEXT,
      marks TEXT NOT NULL,
      note TEXT NOT NULL,
      removed_at INTEGER,
      PRIMARY KEY (answer_id, actor)
    ) STRICT;
    CREATE INDEX verdicts_of_question ON verdicts (question_id);
  `,
});
