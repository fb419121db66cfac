import Database from 'better-sqlite3';
import { latestVersion, migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';

/** The names of tables, of their columns as `table.column`, and of indexes. */
type Schema = ReadonlySet<string>;

function readSchema(database: Database.Database): Schema {
  const rows = database
    .prepare(`SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL`)
    .all() as { type: string; name: string }[];
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').pluck();
  return new Set(
    rows.flatMap(({ type, name }) => [
      `${type} ${name}`,
      ...(type === 'table' ? (columns.all(name) as string[]).map((column) => `${name}.${column}`) : []),
    ]),
  );
}

const expected = new Map<number, Schema>();

/** The schema that the first `version` steps make. */
function schemaOf(version: number): Schema {
  let schema = expected.get(version);
  if (schema === undefined) {
    const database = new Database(':memory:');
    try {
      migrate(database, migrations.slice(0, version));
      schema = readSchema(database);
    } finally {
      database.close();
    }
    expected.set(version, schema);
  }
  return schema;
}

/** What the tables of a file tell about its version, whatever version number it carries. */
export interface SchemaLook {
  /** Whether it has no tables at all, so nothing was ever written to it. */
  blank: boolean;
  /** The latest step whose tables, columns or indexes are in it; 0 if none are. */
  reached: number;
  /** Whether everything that the first `version` steps make is there. */
  holds: (version: number) => boolean;
}

/** Compares a file's schema with the workstation's. Unknown tables are ignored, as other tools and newer versions add some. */
export function lookAtSchema(database: Database.Database): SchemaLook {
  const found = readSchema(database);
  let reached = latestVersion;
  while (reached > 0) {
    const before = schemaOf(reached - 1);
    if ([...schemaOf(reached)].some((name) => !before.has(name) && found.has(name))) break;
    reached--;
  }
  return {
    blank: ![...found].some((name) => name.startsWith('table ')),
    reached,
    holds: (version) => [...schemaOf(version)].every((name) => found.has(name)),
  };
}
