import { z } from 'zod';
import type { ActorId } from '../../preload/contract/context.ts';
import { FrameIndex, VideoId, type SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound } from './rows.ts';

/** Where somebody is in a session: which recording they see, and at which frame. */
export interface SessionView {
  videoId: VideoId;
  frameIndex: FrameIndex;
}

const Row = z
  .object({ video_id: VideoId, frame_index: FrameIndex.catch(FrameIndex.parse(0)) })
  .transform((row): SessionView => ({ videoId: row.video_id, frameIndex: row.frame_index }));

export const statements = {
  save: statement(
    'session-views.save',
    `INSERT INTO session_views (session_id, actor, video_id, frame_index, at, shown_order)
     VALUES (:sessionId, :actor, :videoId, :frameIndex, :at,
       (SELECT coalesce(max(shown_order), 0) + 1 FROM session_views WHERE session_id = :sessionId AND actor = :actor))
     ON CONFLICT (session_id, actor, video_id) DO UPDATE SET frame_index = excluded.frame_index, at = excluded.at,
       shown_order = excluded.shown_order`,
  ),
  shown: statement(
    'session-views.shown',
    `SELECT video_id, frame_index FROM (
       SELECT 1 AS preference, -shown_order AS within, video_id, frame_index FROM session_views
         WHERE session_id = :sessionId AND actor = :actor
       UNION ALL
       SELECT 2, 0, left_video_id, frame_index FROM sessions
         WHERE id = :sessionId AND left_video_id IS NOT NULL
       UNION ALL
       SELECT * FROM (SELECT 3, 0, video_id, frame_index FROM questions
         WHERE session_id = :sessionId AND video_id IS NOT NULL ORDER BY rowid DESC LIMIT 1)
       UNION ALL
       SELECT 4, rowid, video_id, 0 FROM session_views WHERE session_id = :sessionId
       UNION ALL
       SELECT 5, place, video_id, 0 FROM case_recordings
         WHERE case_id = (SELECT case_id FROM sessions WHERE id = :sessionId)
       UNION ALL
       SELECT 6, rowid, id, 0 FROM videos WHERE case_id = (SELECT case_id FROM sessions WHERE id = :sessionId)
     )
     ORDER BY video_id IN (SELECT video_id FROM case_recordings) DESC, preference, within LIMIT 1`,
  ),
  inVideo: statement(
    'session-views.inVideo',
    `SELECT video_id, frame_index FROM session_views
     WHERE session_id = :sessionId AND actor = :actor AND video_id = :videoId`,
  ),
};

/** Stores where a person is in a session, which is no change of the session. */
export function saveView(
  database: WritableDatabase,
  sessionId: SessionId,
  { actor, ...view }: SessionView & { actor: ActorId },
  at: number,
): void {
  database.run(statements.save, { sessionId, actor, ...view, at });
}

/**
 * The recording that a person sees in a session, and their frame in it. For a person who was never there, the first of these
 * counts: where an earlier version left the session for everybody, what was asked about last, what whoever began the session
 * saw, the case's first recording. A recording that was taken out of the case is shown only if there is no other. Null if
 * the case has no video at all.
 */
export function viewOfSession(
  database: ReadableDatabase,
  sessionId: SessionId,
  actor: ActorId,
): SessionView | null {
  return parseFound(database, Row, database.get(statements.shown, { sessionId, actor }), 'session_views');
}

/** Where a person is in one recording of a session, which is its beginning if they were never there. */
export function viewInVideo(
  database: ReadableDatabase,
  sessionId: SessionId,
  { actor, videoId }: { actor: ActorId; videoId: VideoId },
): SessionView {
  const row = database.get(statements.inVideo, { sessionId, actor, videoId });
  const found = parseFound(database, Row, row, 'session_views');
  return found ?? { videoId, frameIndex: FrameIndex.parse(0) };
}
