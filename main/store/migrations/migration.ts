import type Database from 'better-sqlite3';

/**
 * One step of the schema. A released step is never edited, because databases have run it already; a change is a new step.
 */
export interface Migration {
  /** The number in its file's name, which becomes the database's `user_version`. */
  readonly version: number;
  readonly name: string;
  /** Changes the schema, within a transaction that the caller has begun. */
  readonly up: (database: Database.Database) => void;
}

/** Makes a step that needs no more than SQL. */
export const sqlMigration = ({
  version,
  name,
  sql,
}: {
  version: number;
  name: string;
  sql: string;
}): Migration => ({ version, name, up: (database) => void database.exec(sql) });
