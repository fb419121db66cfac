import { z } from 'zod';
import type { ActorId } from '../../preload/contract/context.ts';
import {
  defaultPreferences,
  Preferences,
  type PreferenceChange,
} from '../../preload/contract/preferences.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { Json } from './rows.ts';

const Row = z.object({ value: Json });
const Fields = z.record(z.string(), z.unknown());

export const statements = {
  ofActor: statement('preferences.ofActor', 'SELECT value FROM settings WHERE name = :name'),
  put: statement(
    'preferences.put',
    `INSERT INTO settings (name, value) VALUES (:name, :value)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ),
};

/** The name of an actor's preferences among the settings. Common settings have no slash in their names. */
const nameOf = (actor: ActorId): string => `preferences/${actor}`;

/**
 * Reads a person's own preferences. A part that can't be read, as another version may have written it in its own way, counts
 * as never set and is reported; the other parts stay valid.
 */
export function readPreferences(database: ReadableDatabase, actor: ActorId): Preferences {
  const row = database.get(statements.ofActor, { name: nameOf(actor) });
  if (row === undefined) return defaultPreferences;
  const stored = Row.safeParse(row);
  const fields = Fields.safeParse(stored.success ? stored.data.value : null);
  const unreadable: string[] = [];
  const entries = Object.entries(Preferences.shape).map(([name, schema]) => {
    const value = fields.success ? fields.data[name] : undefined;
    const read = schema.safeParse(value);
    if (read.success) return [name, read.data];
    if (!fields.success || value !== undefined) unreadable.push(name);
    return [name, defaultPreferences[name as keyof Preferences]];
  });
  if (unreadable.length > 0) {
    database.tellUnreadable({ table: 'settings', id: nameOf(actor), fields: unreadable });
  }
  return Preferences.parse(Object.fromEntries(entries));
}

/** Parts that can't be read and are about to be replaced. They are kept, as a later version may have written them. */
function unreadableOf(before: Record<string, unknown>, changed: PreferenceChange): Record<string, unknown> {
  const lost = Object.entries(Preferences.shape).filter(
    ([name, schema]) => name in changed && name in before && !schema.safeParse(before[name]).success,
  );
  return Object.fromEntries(lost.map(([name]) => [`${name}/unread`, before[name]]));
}

/** Writes the given parts and leaves all others, even those that only a later version knows. */
export function writePreferences(
  database: WritableDatabase,
  actor: ActorId,
  changed: PreferenceChange,
): Preferences {
  return database.transaction(() => {
    const row = Row.safeParse(database.get(statements.ofActor, { name: nameOf(actor) }));
    const fields = Fields.safeParse(row.success ? row.data.value : null);
    const before = fields.success ? fields.data : {};
    const value = { ...before, ...unreadableOf(before, changed), ...changed };
    database.run(statements.put, { name: nameOf(actor), value: JSON.stringify(value) });
    return readPreferences(database, actor);
  });
}
