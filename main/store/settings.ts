import { z } from 'zod';
import { SiteSettings } from '../../preload/contract/site/settings.ts';
import { Sha256 } from '../../preload/contract/values.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { Json } from './rows.ts';

/** The settings that hold for every session, by their names, with the schemas that their values must fit. */
const schemas = {
  /** The model that a person has chosen; null for the embedded one. */
  model: z.string().nullable(),
  /** The folders in which a person last looked for a video, and for a model. */
  lastVideoFolder: z.string().nullable(),
  lastModelFolder: z.string().nullable(),

  /** Backups that hold more than the database, but that a person has declined to restore. */
  backupsLeft: z.array(z.string()),
  /** The change up to which the record was last found whole, with its hash. */
  recordChecked: z.object({ seq: z.int().positive(), hash: Sha256 }),
  /** What the site agreed on. It is changed through the record alone. */
  site: SiteSettings,
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

/** Reads a setting; null if it was never set, or if its value can't be read, which is then reported. */
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
