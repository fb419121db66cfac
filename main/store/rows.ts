import { z } from 'zod';
import { WorkstationError } from '../../preload/contract/errors.ts';

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

/** Reads a row as what its schema says it is. Throws `store-corrupt` with the column, never its value. */
export function parseRow<T extends z.ZodType>(schema: T, row: unknown, table: string): z.infer<T> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const where = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))].join(', ');
  throw new WorkstationError(
    'store-corrupt',
    `A row of the database’s table "${table}" can’t be read (${where}).`,
    'Something other than the workstation changed the database. The data folder’s "backups" holds earlier copies.',
  );
}

export const parseRows = <T extends z.ZodType>(schema: T, rows: unknown[], table: string): z.infer<T>[] =>
  rows.map((row) => parseRow(schema, row, table));
