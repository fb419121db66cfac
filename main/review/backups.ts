import { basename } from 'node:path';
import { WorkstationError, type WorkstationCalls } from '../../preload/contract/index.ts';
import { isUnderWay, type JobRegistry } from '../jobs/index.ts';
import type { Store } from '../store/index.ts';

type BackupCalls = Pick<WorkstationCalls, 'listBackups' | 'restoreBackup' | 'keepDatabase'>;

/** What a person does with the backups of the database. `onRestored` is told once another database has taken its place. */
export function backupCalls(store: Store, jobs: JobRegistry, onRestored: () => void): BackupCalls {
  return {
    listBackups: async () => store.backupList(),
    restoreBackup: async ({ name }) => {
      // What runs belongs to rows of the present database: its end would be written into one that has no such rows.
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
