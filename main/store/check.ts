import type Database from 'better-sqlite3';

/** Messages about a value that its column may not hold. The file itself is sound; the row is reported where it is read. */
const ofValues = /value in |CHECK constraint failed/;

/**
 * Whether SQLite finds the whole file sound. `integrity_check` compares every index with its table too, which
 * `quick_check` leaves out: damage inside an index goes past the quick one, and every query that uses the index fails.
 */
export function passesCheck(database: Database.Database, depth: 'quick' | 'full' = 'full'): boolean {
  const rows = database.pragma(depth === 'full' ? 'integrity_check(1000)' : 'quick_check(1000)') as object[];
  return rows
    .flatMap((row) => String(Object.values(row)[0]).split('\n'))
    .every((line) => line === 'ok' || ofValues.test(line));
}
