import { z } from 'zod';
import { Video } from '../../preload/contract/domain.ts';
import type { CaseId, VideoId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type SqlParameters, type WritableDatabase } from './database.ts';
import { flag, Flag, json, Json, parseFound, parseRows, type Tolerance } from './rows.ts';

/** A video as stored, with its path but without what only a look at the disk or at its case can tell. */
export const StoredVideo = Video.omit({ availability: true, copied: true, eye: true, start: true }).extend({
  path: z.string().min(1),
  /** Whether it shows among the recent videos. */
  recent: z.boolean(),
});
export type StoredVideo = z.infer<typeof StoredVideo>;

const Row = z
  .object({
    id: z.string(),
    case_id: z.string(),
    path: z.string(),
    display_name: z.string(),
    fingerprint: z.string(),
    size_bytes: z.int(),
    streams: Json,
    stream_index: z.int().nullable(),
    incomplete: z.string().nullable(),
    container: z.string(),
    codec: z.string(),
    width: z.int(),
    height: z.int(),
    time_base: Json,
    variable_frame_rate: Flag,
    duration_seconds: z.number().nullable(),
    recorded_at: z.int().nullable(),
    joins: Json,
    frame_count: z.int().nullable(),
    index_state: z.string(),
    playback: z.string(),
    problem: Json,
    added_at: z.int(),
    opened_at: z.int(),
    recent: Flag,
  })
  .transform((row) => ({
    id: row.id,
    caseId: row.case_id,
    path: row.path,
    displayName: row.display_name,
    fingerprint: row.fingerprint,
    sizeBytes: row.size_bytes,
    streams: row.streams,
    streamIndex: row.stream_index,
    incomplete: row.incomplete,
    container: row.container,
    codec: row.codec,
    width: row.width,
    height: row.height,
    timeBase: row.time_base,
    variableFrameRate: row.variable_frame_rate,
    durationSeconds: row.duration_seconds,
    recordedAt: row.recorded_at,
    joins: row.joins,
    frameCount: row.frame_count,
    index: row.index_state,
    playback: row.playback,
    problem: row.problem,
    addedAt: row.added_at,
    openedAt: row.opened_at,
    recent: row.recent,
  }))
  .pipe(StoredVideo);

const PathRow = z.object({ path: z.string() });

/** Columns without which a damaged video can still be shown, because its file restores them when it is opened. */
const damaged: Tolerance<StoredVideo> = {
  fields: {
    size_bytes: 0,
    width: 1,
    height: 1,
    time_base: '[1,1000]',
    variable_frame_rate: 0,
    duration_seconds: null,
    recorded_at: null,
    joins: '[]',
    streams: '[]',
    stream_index: null,
    incomplete: null,
    frame_count: null,
    index_state: 'building',
    playback: 'native',
    problem: null,
    added_at: 0,
    opened_at: 0,
    recent: 0,
  },
  mark: (video, fields) => ({
    ...video,
    problem: {
      code: 'store-corrupt',
      message: `Some of what is kept of this video can’t be read any more, as the database is damaged there (${fields.join(', ')}).`,
      hint: 'Open the video file again: it is read anew, and this session goes on.',
    },
  }),
};

const toParameters = (video: StoredVideo): SqlParameters => ({
  id: video.id,
  caseId: video.caseId,
  path: video.path,
  displayName: video.displayName,
  fingerprint: video.fingerprint,
  sizeBytes: video.sizeBytes,
  streams: json(video.streams),
  streamIndex: video.streamIndex,
  incomplete: video.incomplete,
  container: video.container,
  codec: video.codec,
  width: video.width,
  height: video.height,
  timeBase: json(video.timeBase),
  variableFrameRate: flag(video.variableFrameRate),
  durationSeconds: video.durationSeconds,
  recordedAt: video.recordedAt,
  joins: json(video.joins),
  frameCount: video.frameCount,
  indexState: video.index,
  playback: video.playback,
  problem: json(video.problem),
  addedAt: video.addedAt,
  openedAt: video.openedAt,
  recent: flag(video.recent),
});

/** A number that grows with every opening, so that the order holds even if the clock is set back. */
const nextOpened = '(SELECT coalesce(max(opened_order), 0) + 1 FROM videos)';

const columns = `id, case_id, path, display_name, fingerprint, size_bytes, container, codec, width, height,
  time_base, variable_frame_rate, duration_seconds, frame_count, index_state, playback, problem, added_at,
  opened_at, recent, joins, streams, stream_index, incomplete, recorded_at`;

export const statements = {
  insert: statement(
    'videos.insert',
    `INSERT INTO videos (${columns}, opened_order) VALUES (:id, :caseId, :path, :displayName, :fingerprint, :sizeBytes,
       :container, :codec, :width, :height, :timeBase, :variableFrameRate, :durationSeconds, :frameCount,
       :indexState, :playback, :problem, :addedAt, :openedAt, :recent, :joins, :streams, :streamIndex, :incomplete,
       :recordedAt,
       ${nextOpened})`,
  ),
  update: statement(
    'videos.update',
    `UPDATE videos SET case_id = :caseId, path = :path, display_name = :displayName,
       fingerprint = :fingerprint, size_bytes = :sizeBytes, container = :container, codec = :codec,
       width = :width, height = :height, time_base = :timeBase, variable_frame_rate = :variableFrameRate,
       duration_seconds = :durationSeconds, frame_count = :frameCount, index_state = :indexState,
       playback = :playback, problem = :problem, added_at = :addedAt, opened_at = :openedAt, recent = :recent,
       joins = :joins, streams = :streams, stream_index = :streamIndex,
       opened_order = iif(opened_at = :openedAt, opened_order, ${nextOpened}),
       incomplete = :incomplete, recorded_at = :recordedAt
     WHERE id = :id`,
  ),
  byId: statement('videos.byId', `SELECT ${columns} FROM videos WHERE id = :id`),
  byFingerprint: statement(
    'videos.byFingerprint',
    `SELECT ${columns} FROM videos WHERE fingerprint = :fingerprint ORDER BY opened_order DESC`,
  ),
  ofContent: statement(
    'videos.ofContent',
    // A colon and the stream may follow the content's hash; a semicolon is the character after a colon.
    `SELECT ${columns} FROM videos WHERE fingerprint >= :content AND fingerprint < :content || ';'
     ORDER BY opened_order DESC`,
  ),
  byPath: statement(
    'videos.byPath',
    `SELECT ${columns} FROM videos WHERE path = :path ORDER BY opened_order DESC`,
  ),
  bySize: statement('videos.bySize', `SELECT DISTINCT path FROM videos WHERE size_bytes = :size`),
  inCase: statement(
    'videos.inCase',
    `SELECT ${columns} FROM videos WHERE case_id = :caseId AND fingerprint = :fingerprint`,
  ),
  recent: statement(
    'videos.recent',
    `SELECT ${columns} FROM videos WHERE recent = 1
       AND case_id NOT IN (SELECT id FROM cases WHERE deleted_at IS NOT NULL)
     ORDER BY opened_order DESC LIMIT :limit`,
  ),
  clearRecent: statement('videos.clearRecent', 'UPDATE videos SET recent = 0 WHERE recent = 1'),
};

export function insertVideo(database: WritableDatabase, video: StoredVideo): void {
  database.run(statements.insert, toParameters(video));
}

export function updateVideo(database: WritableDatabase, video: StoredVideo): void {
  database.run(statements.update, toParameters(video));
}

export function findVideo(database: ReadableDatabase, id: VideoId): StoredVideo | null {
  const row = database.get(statements.byId, { id });
  return parseFound(database, Row, row, 'videos', damaged);
}

/** Videos of the same content and picture stream in any case, the one opened last first. */
export function findVideosByFingerprint(database: ReadableDatabase, fingerprint: string): StoredVideo[] {
  return parseRows(database, Row, database.all(statements.byFingerprint, { fingerprint }), 'videos', damaged);
}

/** Videos of the same content and any of its picture streams in any case, the one opened last first. */
export function findVideosOfContent(database: ReadableDatabase, content: string): StoredVideo[] {
  return parseRows(database, Row, database.all(statements.ofContent, { content }), 'videos', damaged);
}

/** Videos whose file lies, or lay, at a path, the one opened last first. */
export function findVideosByPath(database: ReadableDatabase, path: string): StoredVideo[] {
  return parseRows(database, Row, database.all(statements.byPath, { path }), 'videos', damaged);
}

/** Paths of the videos whose files had this size. */
export function findVideoPathsBySize(database: ReadableDatabase, size: number): string[] {
  return parseRows(database, PathRow, database.all(statements.bySize, { size }), 'videos').map(
    ({ path }) => path,
  );
}

export function findVideoInCase(
  database: ReadableDatabase,
  caseId: CaseId,
  fingerprint: string,
): StoredVideo | null {
  const row = database.get(statements.inCase, { caseId, fingerprint });
  return parseFound(database, Row, row, 'videos', damaged);
}

/** Lists the recent videos, the one opened last first. */
export function listRecentVideos(database: ReadableDatabase, limit: number): StoredVideo[] {
  return parseRows(database, Row, database.all(statements.recent, { limit }), 'videos', damaged);
}

export function clearRecentVideos(database: WritableDatabase): void {
  database.run(statements.clearRecent);
}
