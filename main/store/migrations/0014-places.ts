import { sqlMigration } from './migration.ts';

/**
 * Keeps for each person where they are in a session, which had one place for everybody before, and for each question its
 * video. Older questions name none, because they are about their session's only video and their record must stay as it was
 * written.
 */
export const migration = sqlMigration({
  version: 14,
  name: 'places',
  sql: `
    CREATE TABLE session_views (
      session_id TEXT NOT NULL REFERENCES sessions (id),
      -- Known as an actor from the first change on; whoever only looks stands somewhere, too.
      actor TEXT NOT NULL,
      video_id TEXT NOT NULL REFERENCES videos (id),
      frame_index INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (session_id, actor)
    ) STRICT;
    CREATE INDEX session_views_of_actor ON session_views (actor);

    ALTER TABLE questions ADD COLUMN video_id TEXT REFERENCES videos (id);
    CREATE INDEX questions_about_video ON questions (video_id) WHERE video_id IS NOT NULL;
  `,
});
