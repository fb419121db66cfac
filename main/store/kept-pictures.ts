import { z } from 'zod';
import type { KeptPicturesSum } from '../../preload/contract/backups.ts';
import { Sha256, type AnswerId, type CaseId } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound, parseRow, parseRows } from './rows.ts';

const Row = z.object({ sha256: Sha256, bytes: z.int().positive() });
const SumRow = z.object({ count: z.int(), bytes: z.int() });

/** The row of a kept picture, whose file lies beside the database. */
export type KeptPicture = z.infer<typeof Row>;

/** Selects the frames of answers, with deleted ones since they can come back. Frames that can't be read are left out. */
const framesWhere = (condition: string): string =>
  `SELECT json_extract(frame, '$.hash') FROM answers JOIN sessions ON sessions.id = answers.session_id
   WHERE ${condition} AND frame IS NOT NULL AND json_valid(frame) AND json_extract(frame, '$.hash') IS NOT NULL`;

const OnlyRow = z.object({ frame_hash: Sha256 });

export const statements = {
  put: statement(
    'kept-pictures.put',
    `INSERT INTO kept_pictures (frame_hash, sha256, bytes, kept_at) VALUES (:frameHash, :sha256, :bytes, :at)
     ON CONFLICT (frame_hash) DO UPDATE SET sha256 = excluded.sha256, bytes = excluded.bytes, kept_at = excluded.kept_at`,
  ),
  ofFrame: statement(
    'kept-pictures.ofFrame',
    'SELECT sha256, bytes FROM kept_pictures WHERE frame_hash = :frameHash',
  ),
  remove: statement('kept-pictures.remove', 'DELETE FROM kept_pictures WHERE frame_hash = :frameHash'),
  onlyOfCase: statement(
    'kept-pictures.onlyOfCase',
    `SELECT frame_hash FROM kept_pictures
     WHERE frame_hash IN (${framesWhere('case_id = :caseId')})
       AND frame_hash NOT IN (${framesWhere('case_id <> :caseId')})`,
  ),
  erasedAnswer: statement(
    'kept-pictures.erasedAnswer',
    `SELECT 1 FROM change_erasures CROSS JOIN changes ON changes.seq = change_erasures.seq
       JOIN sessions ON sessions.case_id = changes.case_id JOIN answers ON answers.session_id = sessions.id
     WHERE answers.id = :answerId AND changes.at >= answers.created_at LIMIT 1`,
  ),
  sum: statement(
    'kept-pictures.sum',
    'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM kept_pictures',
  ),
};

/** Notes that a frame's picture was kept or made again. The record does not hold this, since it is no change of the review. */
export function putKeptPicture(
  database: WritableDatabase,
  frameHash: string,
  picture: KeptPicture,
  at: number,
): void {
  database.run(statements.put, { frameHash, ...picture, at });
}

/** Forgets a picture whose file is gone or was changed, so that it is made again when its frame is next read. */
export function forgetKeptPicture(database: WritableDatabase, frameHash: string): void {
  database.run(statements.remove, { frameHash });
}

export function findKeptPicture(database: ReadableDatabase, frameHash: string): KeptPicture | null {
  return parseFound(database, Row, database.get(statements.ofFrame, { frameHash }), 'kept_pictures');
}

/** The kept pictures that answers of this case need and those of no other case do, by their frames' hashes. */
export function listPicturesOnlyOf(database: ReadableDatabase, caseId: CaseId): string[] {
  const rows = database.all(statements.onlyOfCase, { caseId });
  return parseRows(database, OnlyRow, rows, 'kept_pictures').map((row) => row.frame_hash);
}

/**
 * Whether the record of this answer's case was erased after the answer was asked. Then no picture of its frame is kept,
 * unless somebody asks about that frame again.
 */
export const wasErased = (database: ReadableDatabase, answerId: AnswerId): boolean =>
  database.get(statements.erasedAnswer, { answerId }) !== undefined;

/** How many there are, and how many bytes they take on the disk. */
export function sumOfKeptPictures(database: ReadableDatabase): KeptPicturesSum {
  return parseRow(SumRow, database.get(statements.sum), 'kept_pictures');
}
