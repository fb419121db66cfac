import type Database from 'better-sqlite3';
import { canonicalText, chainStart, hashOf, sha256, type ChangeHead } from '../changes/chain.ts';
import type { Migration } from './migration.ts';

/**
 * Makes a session belong to a case instead of one video: a case orders its recordings, and each person has a place in every
 * recording of a session. Each older question gets the video of its session, which had only one. Where somebody left a
 * session before places were kept for each person remains in the session's row.
 */
export const migration: Migration = {
  version: 17,
  name: 'recordings-of-cases',
  up: (database) => {
    database.exec(`
      CREATE TABLE case_recordings (
        video_id TEXT NOT NULL PRIMARY KEY REFERENCES videos (id),
        case_id TEXT NOT NULL REFERENCES cases (id),
        place INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX recordings_of_case ON case_recordings (case_id, place);

      INSERT INTO case_recordings (video_id, case_id, place)
        SELECT id, case_id, row_number() OVER (PARTITION BY case_id ORDER BY rowid) FROM videos;

      UPDATE questions SET video_id = (SELECT video_id FROM sessions WHERE id = session_id) WHERE video_id IS NULL;

      DROP INDEX sessions_by_video;
      ALTER TABLE sessions ADD COLUMN left_video_id TEXT REFERENCES videos (id);
      UPDATE sessions SET left_video_id = video_id;
      ALTER TABLE sessions DROP COLUMN video_id;
      CREATE INDEX sessions_left_in ON sessions (left_video_id) WHERE left_video_id IS NOT NULL;

      ALTER TABLE session_views RENAME TO session_views_of_before;
      DROP INDEX session_views_of_actor;
      CREATE TABLE session_views (
        session_id TEXT NOT NULL REFERENCES sessions (id),
        -- Known as an actor from the first change on; whoever only looks stands somewhere, too.
        actor TEXT NOT NULL,
        video_id TEXT NOT NULL REFERENCES videos (id),
        frame_index INTEGER NOT NULL,
        at INTEGER NOT NULL,
        -- The largest of an actor in a session is the recording that they see there, whatever the clock says.
        shown_order INTEGER NOT NULL,
        PRIMARY KEY (session_id, actor, video_id)
      ) STRICT;
      CREATE INDEX session_views_of_video ON session_views (video_id);
      INSERT INTO session_views (session_id, actor, video_id, frame_index, at, shown_order)
        SELECT session_id, actor, video_id, frame_index, at, 1 FROM session_views_of_before;
      DROP TABLE session_views_of_before;
    `);
    recordOrder(database);
  },
};

/** Records the order of each case's recordings, so that tables and record agree from here on. */
function recordOrder(database: Database.Database): void {
  const caseIds = database
    .prepare('SELECT DISTINCT case_id FROM case_recordings ORDER BY case_id')
    .pluck()
    .all() as string[];
  const last = database.prepare('SELECT seq, hash FROM changes ORDER BY seq DESC LIMIT 1').get() as
    { seq: number; hash: string } | undefined;
  if (caseIds.length === 0) return;
  const at = Date.now();
  database
    .prepare(
      `INSERT OR IGNORE INTO actors (id, kind, name, created_at) VALUES ('workstation', 'program', :name, :at)`,
    )
    .run({ name: 'Surgery-R1 Workstation', at });
  const ofCase = database.prepare(
    'SELECT video_id AS videoId, case_id AS caseId, place FROM case_recordings WHERE case_id = ? ORDER BY place',
  );
  const head = database.prepare(
    `INSERT INTO changes (seq, at, actor, case_id, command, kind, step, body_sha256, previous, hash)
     VALUES (:seq, :at, :actor, :caseId, :command, :kind, :step, :bodySha256, :previous, :hash)`,
  );
  const body = database.prepare('INSERT INTO change_bodies (seq, edits) VALUES (:seq, :edits)');
  let { seq, hash: previous } = last ?? { seq: 0, hash: chainStart };
  for (const caseId of caseIds) {
    const found = ofCase.all(caseId) as { videoId: string; caseId: string; place: number }[];
    const text = canonicalText(
      found.map((after) => ({ entity: 'recording', id: after.videoId, before: null, after })),
    );
    seq += 1;
    const next: ChangeHead = {
      ...{ seq, at, actor: 'workstation', window: null, caseId, sessionId: null },
      ...{ command: 'case.take-over', kind: 'record', target: null, groupId: null, step: seq, under: null },
      ...{ bodySha256: sha256(text), previous },
    };
    previous = hashOf(next);
    head.run({ ...next, hash: previous });
    body.run({ seq, edits: text });
  }
}
