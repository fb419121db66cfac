import { sqlMigration } from './migration.ts';

/**
 * Orders sessions by counters instead of times, because a clock may be set back. Questions and answers are ordered by their
 * rows, which are added in the order in which they were asked and given.
 */
export const migration = sqlMigration({
  version: 10,
  name: 'order',
  sql: `
    ALTER TABLE sessions ADD COLUMN opened_order INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sessions ADD COLUMN changed_order INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE videos ADD COLUMN opened_order INTEGER NOT NULL DEFAULT 0;

    UPDATE sessions SET opened_order = ranked.place FROM
      (SELECT id, row_number() OVER (ORDER BY opened_at, rowid) AS place FROM sessions) AS ranked
      WHERE ranked.id = sessions.id;
    UPDATE sessions SET changed_order = ranked.place FROM
      (SELECT id, row_number() OVER (ORDER BY updated_at, rowid) AS place FROM sessions) AS ranked
      WHERE ranked.id = sessions.id;
    UPDATE videos SET opened_order = ranked.place FROM
      (SELECT id, row_number() OVER (ORDER BY opened_at, rowid) AS place FROM videos) AS ranked
      WHERE ranked.id = videos.id;

    DROP INDEX sessions_by_opened;
    DROP INDEX sessions_by_updated;
    DROP INDEX videos_by_fingerprint;
    DROP INDEX videos_recent;
    DROP INDEX questions_by_session;
    DROP INDEX answers_by_session;
    CREATE INDEX sessions_in_order_of_opening ON sessions (opened_order);
    CREATE INDEX sessions_in_order_of_change ON sessions (changed_order);
    CREATE INDEX videos_in_order_of_opening ON videos (opened_order);
    CREATE INDEX videos_of_content ON videos (fingerprint, opened_order);
    CREATE INDEX recent_videos ON videos (opened_order) WHERE recent = 1;
    CREATE INDEX questions_of_session ON questions (session_id);
    CREATE INDEX answers_of_session ON answers (session_id);
  `,
});
