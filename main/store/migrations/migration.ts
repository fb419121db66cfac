import type Database from 'better-sqlite3';

/** One step of the schema. Steps are never edited once released; a change is a new step. */
export interface Migration {
  /** The number of its file, and the database's `user_version` afterwards. */
  readonly version: number;
  readonly name: string;
  /** Runs inside a transaction of its own. */
  readonly up: (database: Database.Database) => void;
}

/** A step that SQL alone can say. */
export const sqlMigration = ({
  version,
  name,
  sql,
}: {
  version: number;
  name: string;
  sql: string;
}): Migration => ({ version, name, up: (database) => void database.exec(sql) });
