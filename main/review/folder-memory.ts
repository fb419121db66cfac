import { settings, type Store } from '../store/index.ts';
import type { FolderMemory } from '../files/index.ts';

const settingOf = { videos: 'lastVideoFolder', models: 'lastModelFolder' } as const;

/** Stores the folder that was browsed last, so that choosing the next file begins there, even after a restart. */
export const folderMemory = ({ database }: Store): FolderMemory => ({
  read: (find) => {
    try {
      return settings.readSetting(database, settingOf[find]);
    } catch {
      // A value that can't be read costs a person a few clicks, but must not prevent the dialog.
      return null;
    }
  },
  write: (find, path) => {
    try {
      if (settings.readSetting(database, settingOf[find]) !== path) {
        settings.writeSetting(database, settingOf[find], path);
      }
    } catch {
      // A full disk is reported where something is lost by it; browsing a folder must go on.
    }
  },
});
