import { settings, type Store } from '../store/index.ts';
import type { FolderMemory } from '../files/index.ts';

const settingOf = { videos: 'lastVideoFolder', models: 'lastModelFolder' } as const;

/** Keeps the folder that was looked into last, so that the next file, relink or start of the workstation begins there. */
export const folderMemory = ({ database }: Store): FolderMemory => ({
  read: (find) => {
    try {
      return settings.readSetting(database, settingOf[find]);
    } catch {
      // A value that cannot be read costs a few clicks; it must not cost the dialog.
      return null;
    }
  },
  write: (find, path) => {
    try {
      if (settings.readSetting(database, settingOf[find]) !== path) {
        settings.writeSetting(database, settingOf[find], path);
      }
    } catch {
      // A full disk is said where something is lost by it; a folder can still be looked into.
    }
  },
});
