import { z } from 'zod';
import { RecordingStart } from '../../preload/contract/case-time.ts';
import { CaseRecording } from '../../preload/contract/domain.ts';
import { StereoEye } from '../../preload/contract/stereo.ts';
import type { CaseId, VideoId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { flag, json, Json, parseFound, parseRow, parseRows } from './rows.ts';

const Row = z
  .object({ video_id: z.string(), case_id: z.string(), place: z.int(), eye: Json, start: Json })
  .transform(({ video_id: videoId, case_id: caseId, place, eye, start }) => ({
    ...{ videoId, caseId, place, eye, start },
  }))
  .pipe(CaseRecording.extend({ eye: StereoEye.nullable(), start: RecordingStart.nullable() }));

const columns = 'video_id, case_id, place, eye, start';

export const statements = {
  put: statement(
    'case-recordings.put',
    `INSERT INTO case_recordings (${columns}) VALUES (:videoId, :caseId, :place, :eye, :start)
     ON CONFLICT (video_id) DO UPDATE SET case_id = excluded.case_id, place = excluded.place,
       eye = iif(:saysEye, excluded.eye, case_recordings.eye),
       start = iif(:saysStart, excluded.start, case_recordings.start)`,
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

/** Adds a recording to a case, moves it, or stores the choice of its eye and what is stated about its beginning, if given. Called by the record alone. */
export function putCaseRecording(
  database: WritableDatabase,
  { videoId, caseId, place, eye, start }: CaseRecording,
): void {
  const says = { saysEye: flag(eye !== undefined), saysStart: flag(start !== undefined) };
  const stated = { eye: json(eye ?? null), start: json(start ?? null) };
  database.run(statements.put, { videoId, caseId, place, ...stated, ...says });
}

/** Which eye of a stereo recording is reviewed; null for the whole picture. */
export const eyeOfRecording = (database: ReadableDatabase, videoId: VideoId): StereoEye | null =>
  findCaseRecording(database, videoId)?.eye ?? null;

/** What a person chose or stated for a recording in its case; what they did not is missing. */
export function choicesOfRecording(
  database: ReadableDatabase,
  videoId: VideoId,
): { eye?: StereoEye; start?: RecordingStart } {
  const { eye, start } = findCaseRecording(database, videoId) ?? {};
  return { ...(eye && { eye }), ...(start && { start }) };
}

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
