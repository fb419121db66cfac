import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { preparePrivateFile } from './private-files.ts';

/** After this many rowids without a row, a damaged table counts as read to its end. */
const GIVE_UP_AFTER = 20_000;

export interface Rebuilt {
  /** Rows that were read from the damaged file. */
  read: number;
  /** Rows from the backup that could not be read from the damaged file. */
  added: number;
  /** Whether every table was read from its first row to its last without an error. */
  whole: boolean;
  /** References to rows that were lost, such as that of an answer to its question. */
  orphans: number;
}

type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

/**
 * Builds a sound database at `target` from every row of a damaged one that can still be read, and fills the gaps from a
 * backup if there is one. Tables are read row by row without their indexes, which may be damaged themselves. The search
 * index is left empty, as it is filled when the database is opened. Nothing but `target` is written.
 */
export function rebuild(sources: {
  damaged: string;
  backup: string | null;
  target: string;
  version: number;
}): Rebuilt {
  rmSync(sources.target, { force: true });
  preparePrivateFile(sources.target);
  const database = new Database(sources.target);
  try {
    migrate(database, migrations.slice(0, sources.version));
    database.pragma('foreign_keys = OFF');
    const tables = database
      .prepare(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
           AND name NOT LIKE 'search\\_%' ESCAPE '\\' ORDER BY rowid`,
      )
      .pluck()
      .all() as string[];
    return database.transaction(() => {
      const first = copyTables(database, tables, sources.damaged);
      const second = sources.backup === null ? null : copyTables(database, tables, sources.backup);
      const orphans = (database.pragma('foreign_key_check') as unknown[]).length;
      return { read: first.rows, added: second?.rows ?? 0, whole: first.whole, orphans };
    })();
  } finally {
    database.close();
  }
}

function copyTables(
  target: Database.Database,
  tables: readonly string[],
  path: string,
): { rows: number; whole: boolean } {
  let source: Database.Database | null = null;
  let rows = 0;
  let whole = true;
  try {
    source = new Database(path, { readonly: true, fileMustExist: true });
    for (const table of tables) {
      const copied = copyTable(target, source, table);
      rows += copied.rows;
      whole &&= copied.whole;
    }
  } catch {
    // Nothing can be read from a file whose head or schema is lost.
    whole = false;
  } finally {
    source?.close();
  }
  return { rows, whole };
}

function copyTable(
  target: Database.Database,
  source: Database.Database,
  table: string,
): { rows: number; whole: boolean } {
  const columnsOf = (database: Database.Database): string[] =>
    database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  const found = new Set(columnsOf(source));
  const columns = columnsOf(target).filter((column) => found.has(column));
  if (columns.length === 0) return { rows: 0, whole: false };
  const list = columns.join(', ');
  const values = columns.map((column) => `:${column}`).join(', ');
  // Rows that are there already stay, because they come from the newer file.
  const insert = target.prepare(
    `INSERT OR IGNORE INTO ${table} (rowid, ${list}) VALUES
       (iif(:row_number IN (SELECT rowid FROM ${table}), NULL, :row_number), ${values})`,
  );
  let rows = 0;
  const { failed } = readRows(source, table, list, (row) => {
    try {
      const { changes } = insert.run(row);
      rows += changes;
      return changes === 1;
    } catch {
      // A row with a value that its column may not hold is damaged, and left out.
      return false;
    }
  });
  return { rows, whole: !failed };
}

/** Passes on every row that can be read. After an error it tries row by row, since sound pages may follow a lost one. */
function readRows(
  source: Database.Database,
  table: string,
  columns: string,
  take: (row: Row) => boolean,
): { failed: boolean } {
  const select = `SELECT rowid AS row_number, ${columns} FROM ${table} NOT INDEXED`;
  let last = 0;
  let failed = false;
  const keep = (row: Row): void => {
    last = Number(row['row_number']);
    if (!take(row)) failed = true;
  };
  try {
    for (const row of source.prepare(`${select} ORDER BY rowid`).iterate()) keep(row as Row);
    return { failed };
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
  }
  const one = source.prepare(`${select} WHERE rowid = ?`);
  let empty = 0;
  for (let rowid = last + 1; empty < GIVE_UP_AFTER; rowid++) {
    empty++;
    try {
      const row = one.get(rowid) as Row | undefined;
      if (row === undefined) continue;
      empty = 0;
      keep(row);
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
    }
  }
  return { failed: true };
}
