import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';
import type { ReadableDatabase, SqlValue } from './database.ts';

/** A column that holds JSON text, or null. */
export const Json = z
  .string()
  .nullable()
  .transform((text, context): unknown => {
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  });

export const Flag = z.literal([0, 1]).transform((value) => value === 1);

export const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);

export const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/** The columns of a row that its schema refuses. */
const refusedColumns = (error: z.ZodError): string[] => [
  ...new Set(
    error.issues.map((issue) =>
      String(issue.path[0] ?? '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ),
  ),
];

/** Checks a row by its schema. Throws `store-corrupt` with the name of a refused column, never with its value. */
export function parseRow<T extends z.ZodType>(schema: T, row: unknown, table: string): z.infer<T> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new WorkstationError(
    'store-corrupt',
    `A row of the database’s table "${table}" can’t be read (${refusedColumns(parsed.error).join(', ')}).`,
    'Something other than the workstation changed the database. An earlier backup may still hold the row: see the backups.',
  );
}

/** How to read the rows of a table if some of them are damaged. */
export interface Tolerance<Value> {
  /** Columns that a row can do without, with the values that then stand in for them. */
  fields?: Readonly<Record<string, SqlValue>>;
  /** Makes what is shown in place of a row that can't be read; without this the row is left out. */
  standIn?: (row: Readonly<Record<string, unknown>>) => Value | null;
  /** Notes in the value itself which of its fields were left out. */
  mark?: (value: Value, fields: readonly string[]) => Value;
}

/**
 * Reads every row that can be read, because one bad byte must not keep a person from all the others. A damaged row is shown
 * without its damaged fields if `Tolerance` allows it, and is otherwise left out. The database reports both to the person.
 */
export function parseRows<T extends z.ZodType>(
  database: ReadableDatabase,
  schema: T,
  rows: readonly unknown[],
  table: string,
  tolerance: Tolerance<z.infer<T>> = {},
): z.infer<T>[] {
  return rows.flatMap((row) => {
    const value = parseTolerantly(database, schema, row, table, tolerance);
    return value === null ? [] : [value];
  });
}

/** Reads one row in the same way, except that a row which can't be read at all is an error, as it was asked for by name. */
export function parseFound<T extends z.ZodType>(
  database: ReadableDatabase,
  schema: T,
  row: unknown,
  table: string,
  tolerance: Tolerance<z.infer<T>> = {},
): z.infer<T> | null {
  if (row === undefined) return null;
  return parseTolerantly(database, schema, row, table, tolerance) ?? parseRow(schema, row, table);
}

function parseTolerantly<T extends z.ZodType>(
  database: ReadableDatabase,
  schema: T,
  row: unknown,
  table: string,
  { fields = {}, standIn, mark }: Tolerance<z.infer<T>>,
): z.infer<T> | null {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const columns = row as Readonly<Record<string, unknown>>;
  const id = typeof columns['id'] === 'string' ? columns['id'] : '';
  const refused = refusedColumns(parsed.error);
  if (refused.every((column) => Object.hasOwn(fields, column))) {
    const left = Object.fromEntries(refused.map((column) => [column, fields[column]]));
    const again = schema.safeParse({ ...columns, ...left });
    if (again.success) {
      database.tellUnreadable({ table, id, fields: refused });
      return mark === undefined ? again.data : mark(again.data, refused);
    }
  }
  database.tellUnreadable({ table, id, fields: null });
  return standIn?.(columns) ?? null;
}
