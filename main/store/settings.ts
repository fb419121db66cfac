import { z } from 'zod';
import { Sha256 } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { Json } from './rows.ts';

/** What a person chose once, for every session: each by its name, with the schema that its value must fit. */
const schemas = {
  /** The model that questions go to; null: the embedded one. */
  model: z.string().nullable(),
  /** The folder that a video, or a model's folder, was last looked for in. */
  lastVideoFolder: z.string().nullable(),
  lastModelFolder: z.string().nullable(),

  /** Backups that hold more than the database, and that a person has said may be left alone. */
  backupsLeft: z.array(z.string()),
  /** Up to where the record was found whole, with the hash of the change there. */
  recordChecked: z.object({ seq: z.int().positive(), hash: Sha256 }),
} as const;

export type SettingName = keyof typeof schemas;
export type SettingValue<Name extends SettingName> = z.infer<(typeof schemas)[Name]>;

const Row = z.object({ value: Json });

export const statements = {
  byName: statement('settings.byName', 'SELECT value FROM settings WHERE name = :name'),
  set: statement(
    'settings.set',
    `INSERT INTO settings (name, value) VALUES (:name, :value)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ),
};

/** Null where it was never set, or where its value can't be read: then it is as if it had never been set, and told. */
export function readSetting<Name extends SettingName>(
  database: ReadableDatabase,
  name: Name,
): SettingValue<Name> | null {
  const row = database.get(statements.byName, { name });
  if (row === undefined) return null;
  const stored = Row.safeParse(row);
  const value = stored.success ? schemas[name].safeParse(stored.data.value) : stored;
  if (value.success) return value.data as SettingValue<Name>;
  database.tellUnreadable({ table: 'settings', id: name, fields: null });
  return null;
}

export function writeSetting<Name extends SettingName>(
  database: WritableDatabase,
  name: Name,
  value: SettingValue<Name>,
): void {
  database.run(statements.set, { name, value: JSON.stringify(value) });
}
