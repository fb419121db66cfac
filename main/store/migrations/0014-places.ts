import { sqlMigration } from './migration.ts';

/**
 * Where each person stands in a session, of which the session itself said one place for all; and the video that a question is
 * about. Questions of before leave that open: theirs is the session's, and the record of them stays as it was written.
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
