import { z } from 'zod';
import { Segment, segmentsInOrder } from '../../preload/contract/marks.ts';
import type { SegmentId, SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({
    id: z.string(),
    session_id: z.string(),
    video_id: z.string(),
    from_index: z.int(),
    to_index: z.int(),
    from_seconds: z.number(),
    to_seconds: z.number(),
    name: z.string(),
    note: z.string(),
    /** One tag a line, so that the search finds them as text. */
    tags: z.string(),
    look: z.string(),
    actor: z.string(),
    created_at: z.int(),
  })
  .transform(({ id, name, note, tags, look, actor, ...row }) => ({
    ...{ id, name, note, look, actor },
    sessionId: row.session_id,
    span: { videoId: row.video_id, from: row.from_index, to: row.to_index },
    seconds: { from: row.from_seconds, to: row.to_seconds },
    tags: tags === '' ? [] : tags.split('\n'),
    createdAt: row.created_at,
  }))
  .pipe(Segment);

const damaged: Tolerance<Segment> = { fields: { name: '?', note: '', tags: '', look: 'teal' } };

const columns = `id, session_id, video_id, from_index, to_index, from_seconds, to_seconds, name, note, tags, look, actor,
  created_at`;

export const statements = {
  put: statement(
    'segments.put',
    `INSERT INTO segments (${columns})
     VALUES (:id, :sessionId, :videoId, :fromIndex, :toIndex, :fromSeconds, :toSeconds, :name, :note, :tags, :look, :actor,
       :createdAt)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, video_id = excluded.video_id,
       from_index = excluded.from_index, to_index = excluded.to_index, from_seconds = excluded.from_seconds,
       to_seconds = excluded.to_seconds, name = excluded.name, note = excluded.note, tags = excluded.tags,
       look = excluded.look, actor = excluded.actor, created_at = excluded.created_at, removed_at = NULL`,
  ),
  present: statement(
    'segments.present',
    `SELECT ${columns} FROM segments WHERE id = :id AND removed_at IS NULL`,
  ),
  ofSession: statement(
    'segments.ofSession',
    `SELECT ${columns} FROM segments WHERE session_id = :sessionId AND removed_at IS NULL`,
  ),
  remove: statement('segments.remove', 'UPDATE segments SET removed_at = :at WHERE id = :id'),
};

/** Adds a segment, replaces it, or brings back a deleted one. Called by the record alone. */
export function putSegment(database: WritableDatabase, segment: Segment): void {
  const { id, sessionId, span, seconds, name, note, tags, look, actor, createdAt } = segment;
  database.run(statements.put, {
    ...{ id, sessionId, name, note, look, actor, createdAt },
    videoId: span.videoId,
    fromIndex: span.from,
    toIndex: span.to,
    fromSeconds: seconds.from,
    toSeconds: seconds.to,
    tags: tags.join('\n'),
  });
}

/** Finds a segment that is not deleted. */
export function findSegment(database: ReadableDatabase, id: SegmentId): Segment | null {
  return parseFound(database, Row, database.get(statements.present, { id }), 'segments', damaged);
}

/** Lists the segments of a session in the order in which they begin. */
export function listSegments(database: ReadableDatabase, sessionId: SessionId): Segment[] {
  const rows = database.all(statements.ofSession, { sessionId });
  return segmentsInOrder(parseRows(database, Row, rows, 'segments', damaged));
}

/** Deletes a segment, whose row stays so that it can be brought back. Called by the record alone. */
export function removeSegment(database: WritableDatabase, id: SegmentId, at: number): void {
  database.run(statements.remove, { id, at });
}
