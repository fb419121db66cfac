import type { WorkstationCalls } from '../../preload/contract/calls.ts';
import { WorkstationError } from '../../preload/contract/errors.ts';
import { siteDifferences } from '../../preload/contract/site/differences.ts';
import { readSiteSettings } from '../../preload/contract/site/read.ts';
import {
  noSiteSettings,
  type SiteSettings,
  type SiteSettingsNow,
} from '../../preload/contract/site/settings.ts';
import { mustExist, sessions, siteSettings, type Store } from '../store/index.ts';

export type SiteCall = 'getSiteSettings' | 'importSiteSettings';

/** The calls about what the site agreed on. An import is a change of the record, so that it is told everywhere and undone. */
export function siteCalls({
  database,
  record,
}: Pick<Store, 'database' | 'record'>): Pick<WorkstationCalls, SiteCall> {
  return {
    getSiteSettings: async () => nowOf(siteSettings.readSiteSettings(database)),
    importSiteSettings: async ({ text, dryRun, since, doneIn }, by) => {
      const after = readSiteSettings(text);
      return database.transaction(() => {
        const before = siteSettings.readSiteSettings(database);
        if (since !== undefined && nowOf(before).sha256 !== since) throw changedMeanwhile();
        if (doneIn !== undefined) mustExist(sessions.findSession(database, doneIn), 'session');
        const differences = siteDifferences(before ?? noSiteSettings, after);
        const change = dryRun
          ? null
          : record.commit(by, { name: 'site.import', caseId: null, sessionId: doneIn ?? null }, [
              { entity: 'site', id: siteSettings.siteId, before, after },
            ]);
        return { ...nowOf(after), differences, change };
      });
    },
  };
}

const nowOf = (settings: SiteSettings | null): SiteSettingsNow => ({
  settings: settings ?? noSiteSettings,
  sha256: settings === null ? null : siteSettings.hashOfSiteSettings(settings),
});

const changedMeanwhile = (): WorkstationError =>
  new WorkstationError(
    'changed-since',
    'The site settings were changed in another window meanwhile, so nothing was imported.',
    'Choose the file again, to see what it would change now.',
  );
