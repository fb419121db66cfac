import { z } from 'zod';
import { Track, tracksInOrder } from '../../preload/contract/tracks.ts';
import type { SessionId, TrackId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({
    id: z.string(),
    session_id: z.string(),
    video_id: z.string(),
    segment_id: z.string(),
    label: z.string(),
    eye: Json,
    picture: Json,
    key_frames: Json,
    actor: z.string(),
    created_at: z.int(),
  })
  .transform(({ id, label, eye, picture, actor, ...row }) => ({
    ...{ id, label, eye, picture, actor },
    sessionId: row.session_id,
    videoId: row.video_id,
    segmentId: row.segment_id,
    keyFrames: row.key_frames,
    createdAt: row.created_at,
  }))
  .pipe(Track);

const damaged: Tolerance<Track> = { fields: { label: '?' } };

const columns = 'id, session_id, video_id, segment_id, label, eye, picture, key_frames, actor, created_at';

export const statements = {
  put: statement(
    'tracks.put',
    `INSERT INTO tracks (${columns})
     VALUES (:id, :sessionId, :videoId, :segmentId, :label, :eye, :picture, :keyFrames, :actor, :createdAt)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, video_id = excluded.video_id,
       segment_id = excluded.segment_id, label = excluded.label, eye = excluded.eye, picture = excluded.picture,
       key_frames = excluded.key_frames, actor = excluded.actor, created_at = excluded.created_at, removed_at = NULL`,
  ),
  present: statement('tracks.present', `SELECT ${columns} FROM tracks WHERE id = :id AND removed_at IS NULL`),
  ofSession: statement(
    'tracks.ofSession',
    `SELECT ${columns} FROM tracks WHERE session_id = :sessionId AND removed_at IS NULL`,
  ),
  remove: statement('tracks.remove', 'UPDATE tracks SET removed_at = :at WHERE id = :id'),
};

/** Adds a track, replaces it, or brings back a deleted one. Called by the record alone. */
export function putTrack(database: WritableDatabase, track: Track): void {
  const { id, sessionId, videoId, segmentId, label, eye, picture, keyFrames, actor, createdAt } = track;
  database.run(statements.put, {
    ...{ id, sessionId, videoId, segmentId, label, actor, createdAt },
    eye: json(eye),
    picture: JSON.stringify(picture),
    keyFrames: JSON.stringify(keyFrames),
  });
}

/** Finds a track that is not deleted. */
export function findTrack(database: ReadableDatabase, id: TrackId): Track | null {
  return parseFound(database, Row, database.get(statements.present, { id }), 'tracks', damaged);
}

/** Lists the tracks of a session in the order in which they begin. */
export function listTracks(database: ReadableDatabase, sessionId: SessionId): Track[] {
  const rows = database.all(statements.ofSession, { sessionId });
  return tracksInOrder(parseRows(database, Row, rows, 'tracks', damaged));
}

/** Deletes a track, whose row stays so that it can be brought back. Called by the record alone. */
export function removeTrack(database: WritableDatabase, id: TrackId, at: number): void {
  database.run(statements.remove, { id, at });
}
