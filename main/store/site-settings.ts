import { createHash } from 'node:crypto';
import type { SiteSettings } from '../../preload/contract/site/settings.ts';
import { canonicalText } from './changes/chain.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from './database.ts';
import { readSetting, writeSetting } from './settings.ts';

/** The id of the site settings in the record, as there is one of them. */
export const siteId = 'site';

export const statements = {
  remove: statement('siteSettings.remove', "DELETE FROM settings WHERE name = 'site'"),
};

/** Reads the site settings; null if none were ever imported. */
export const readSiteSettings = (database: ReadableDatabase): SiteSettings | null =>
  readSetting(database, siteId);

/** Replaces the site settings. Called by the record alone. */
export function putSiteSettings(database: WritableDatabase, settings: SiteSettings): void {
  writeSetting(database, siteId, settings);
}

/** Removes the site settings, as when their first import is undone. Called by the record alone. */
export function removeSiteSettings(database: WritableDatabase): void {
  database.run(statements.remove, {});
}

/** The hash by which a verdict or an answer names the site settings that were in force. */
export const hashOfSiteSettings = (settings: SiteSettings): string =>
  createHash('sha256').update(canonicalText(settings)).digest('hex');
