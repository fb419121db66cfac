import { z } from 'zod';
import { Sha256 } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { parseFound, parseRow } from './rows.ts';

const Row = z.object({ sha256: Sha256, bytes: z.int().positive() });
const SumRow = z.object({ count: z.int(), bytes: z.int() });

/** What is known of a kept picture, whose file lies beside the database. */
export type KeptPicture = z.infer<typeof Row>;

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
  sum: statement(
    'kept-pictures.sum',
    'SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM kept_pictures',
  ),
};

/** Notes that a frame's picture was kept, or kept anew. It is no change of what is recorded. */
export function putKeptPicture(
  database: WritableDatabase,
  frameHash: string,
  picture: KeptPicture,
  at: number,
): void {
  database.run(statements.put, { frameHash, ...picture, at });
}

/** Forgets a picture whose file is gone or was changed: the next look at its frame keeps it anew. */
export function forgetKeptPicture(database: WritableDatabase, frameHash: string): void {
  database.run(statements.remove, { frameHash });
}

export function findKeptPicture(database: ReadableDatabase, frameHash: string): KeptPicture | null {
  return parseFound(database, Row, database.get(statements.ofFrame, { frameHash }), 'kept_pictures');
}

/** How many there are, and how many bytes they take on the disk. */
export function sumOfKeptPictures(database: ReadableDatabase): { count: number; bytes: number } {
  return parseRow(SumRow, database.get(statements.sum), 'kept_pictures');
}
