import { z } from 'zod';
import { Bookmark, bookmarksInOrder } from '../../preload/contract/marks.ts';
import type { BookmarkId, SessionId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { json, Json, parseFound, parseRow, parseRows, type Tolerance } from './rows.ts';

const Row = z
  .object({
    id: z.string(),
    session_id: z.string(),
    video_id: z.string(),
    location: Json,
    name: z.string(),
    note: z.string(),
    actor: z.string(),
    created_at: z.int(),
  })
  .transform(({ session_id: sessionId, video_id: videoId, created_at: createdAt, ...rest }) => ({
    ...rest,
    ...{ sessionId, videoId, createdAt },
  }))
  .pipe(Bookmark);

const damaged: Tolerance<Bookmark> = { fields: { name: '', note: '' } };

const columns = 'id, session_id, video_id, location, name, note, actor, created_at';

export const statements = {
  put: statement(
    'bookmarks.put',
    `INSERT INTO bookmarks (${columns}, frame_index)
     VALUES (:id, :sessionId, :videoId, :location, :name, :note, :actor, :createdAt, :frameIndex)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, video_id = excluded.video_id,
       location = excluded.location, frame_index = excluded.frame_index, name = excluded.name, note = excluded.note,
       actor = excluded.actor, created_at = excluded.created_at, removed_at = NULL`,
  ),
  present: statement(
    'bookmarks.present',
    `SELECT ${columns} FROM bookmarks WHERE id = :id AND removed_at IS NULL`,
  ),
  ofSession: statement(
    'bookmarks.ofSession',
    `SELECT ${columns} FROM bookmarks WHERE session_id = :sessionId AND removed_at IS NULL`,
  ),
  count: statement(
    'bookmarks.count',
    'SELECT count(*) AS count FROM bookmarks WHERE session_id = :sessionId AND removed_at IS NULL',
  ),
  remove: statement('bookmarks.remove', 'UPDATE bookmarks SET removed_at = :at WHERE id = :id'),
};

/** Adds a bookmark, replaces it, or brings back a deleted one. Called by the record alone. */
export function putBookmark(database: WritableDatabase, { location, ...rest }: Bookmark): void {
  database.run(statements.put, { ...rest, location: json(location), frameIndex: location.index });
}

/** Finds a bookmark that is not deleted. */
export function findBookmark(database: ReadableDatabase, id: BookmarkId): Bookmark | null {
  return parseFound(database, Row, database.get(statements.present, { id }), 'bookmarks', damaged);
}

/** Lists the bookmarks of a session in the order of their frames. */
export function listBookmarks(database: ReadableDatabase, sessionId: SessionId): Bookmark[] {
  const rows = database.all(statements.ofSession, { sessionId });
  return bookmarksInOrder(parseRows(database, Row, rows, 'bookmarks', damaged));
}

export function countBookmarks(database: ReadableDatabase, sessionId: SessionId): number {
  const row = database.get(statements.count, { sessionId });
  return parseRow(z.object({ count: z.int() }), row, 'bookmarks').count;
}

/** Deletes a bookmark, whose row stays so that it can be brought back. Called by the record alone. */
export function removeBookmark(database: WritableDatabase, id: BookmarkId, at: number): void {
  database.run(statements.remove, { id, at });
}
