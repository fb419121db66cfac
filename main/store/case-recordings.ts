import { z } from 'zod';
import { CaseRecording } from '../../preload/contract/domain.ts';
import { StereoEye } from '../../preload/contract/stereo.ts';
import type { CaseId, VideoId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { flag, json, Json, parseFound, parseRow, parseRows } from './rows.ts';

const Row = z
  .object({ video_id: z.string(), case_id: z.string(), place: z.int(), eye: Json })
  .transform(({ video_id: videoId, case_id: caseId, place, eye }) => ({ videoId, caseId, place, eye }))
  .pipe(CaseRecording.extend({ eye: StereoEye.nullable() }));

const columns = 'video_id, case_id, place, eye';

export const statements = {
  put: statement(
    'case-recordings.put',
    `INSERT INTO case_recordings (${columns}) VALUES (:videoId, :caseId, :place, :eye)
     ON CONFLICT (video_id) DO UPDATE SET case_id = excluded.case_id, place = excluded.place,
       eye = iif(:saysEye, excluded.eye, case_recordings.eye)`,
  ),
  remove: statement('case-recordings.remove', 'DELETE FROM case_recordings WHERE video_id = :videoId'),
  byVideo: statement(
    'case-recordings.byVideo',
    `SELECT ${columns} FROM case_recordings WHERE video_id = :videoId`,
  ),
  ofCase: statement(
    'case-recordings.ofCase',
    // Two recordings can have the same place after an undo that followed somebody else's addition; the older comes first.
    `SELECT ${columns} FROM case_recordings WHERE case_id = :caseId ORDER BY place, rowid`,
  ),
  lastPlace: statement(
    'case-recordings.lastPlace',
    'SELECT coalesce(max(place), 0) AS place FROM case_recordings WHERE case_id = :caseId',
  ),
};

/** Adds a recording to a case, moves it, or stores the choice of its eye if there is one. Called by the record alone. */
export function putCaseRecording(
  database: WritableDatabase,
  { videoId, caseId, place, eye }: CaseRecording,
): void {
  const saysEye = flag(eye !== undefined);
  database.run(statements.put, { videoId, caseId, place, eye: json(eye ?? null), saysEye });
}

/** Which eye of a stereo recording is reviewed; null for the whole picture. */
export const eyeOfRecording = (database: ReadableDatabase, videoId: VideoId): StereoEye | null =>
  findCaseRecording(database, videoId)?.eye ?? null;

/** Takes a recording out of its case; the video's own row stays. Called by the record alone. */
export function removeCaseRecording(database: WritableDatabase, videoId: VideoId): void {
  database.run(statements.remove, { videoId });
}

/** The place of a video among its case's recordings; null if it is not, or no longer, one of them. */
export function findCaseRecording(database: ReadableDatabase, videoId: VideoId): CaseRecording | null {
  return parseFound(database, Row, database.get(statements.byVideo, { videoId }), 'case_recordings');
}

/** Lists the recordings of a case in their order. */
export function listCaseRecordings(database: ReadableDatabase, caseId: CaseId): CaseRecording[] {
  return parseRows(database, Row, database.all(statements.ofCase, { caseId }), 'case_recordings');
}

/** The place after the last recording of a case. */
export function nextPlaceInCase(database: ReadableDatabase, caseId: CaseId): number {
  const row = database.get(statements.lastPlace, { caseId });
  return parseRow(z.object({ place: z.int().min(0) }), row, 'case_recordings').place + 1;
}
