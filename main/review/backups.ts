import { basename } from 'node:path';
import { WorkstationError, type WorkstationCalls } from '../../preload/contract/index.ts';
import { isUnderWay, type JobRegistry } from '../jobs/index.ts';
import type { Store } from '../store/index.ts';

type BackupCalls = Pick<WorkstationCalls, 'listBackups' | 'restoreBackup' | 'keepDatabase'>;

/** The calls about the database's backups. `onRestored` is called once a backup has taken the database's place. */
export function backupCalls(store: Store, jobs: JobRegistry, onRestored: () => void): BackupCalls {
  return {
    listBackups: async () => store.backupList(),
    restoreBackup: async ({ name }) => {
      // Running work would write its result into a database that may not have the rows that it belongs to.
      if (jobs.list().some(isUnderWay)) {
        throw new WorkstationError(
          'busy',
          'Something is still running or waiting, and its result would be lost.',
          'Wait until it has ended, or stop it; then restore the backup.',
        );
      }
      const { movedTo } = await store.reader.pausedFor(() => store.restore(name));
      onRestored();
      return { movedTo: basename(movedTo) };
    },
    keepDatabase: async (_input, by) => {
      store.keepPresent();
      store.record.mention(by, 'backup.keep', { what: 'backups', id: 'all', name: null });
      return {};
    },
  };
}
