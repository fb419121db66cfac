import type { Catalogue } from '../message.ts';

/** Dialogs, and the page of a window that was not let in. */
export const dialogs = {
  'dialog.close': 'Close',
  'fault.dismiss': 'Dismiss',
  'fault.more': 'More',
  'fault.less': 'Less',
  'go-to.neither': 'That is neither a frame number nor a time.',
  'go-to.last': 'The last frame is {last}.',
  'go-to.up-to': ' (up to {time})',
  'go-to.title': 'Go to',
  'go-to.place': 'Frame or time',
  'go-to.example': '#120 or 00:00:04.000',
  'go-to.go': 'Go',
  'go-to.help':
    '<strong>600</strong> or <strong>#600</strong> is a frame (0 to {last}), <strong>10:00</strong> a time{upTo}, <strong>600.0</strong> a time in seconds.',
  'go-to.help-in-case':
    '<strong>600</strong> or <strong>#600</strong> is a frame of {name} (0 to {last}), <strong>10:00</strong> a time of the case{upTo}, <strong>600.0</strong> a time in seconds.',
  'no-entry.title': 'Not let in · Surgery-R1 Workstation',
  'window.program': 'Surgery-R1 Workstation',
  'no-entry.used':
    'This address was used before, or belongs to an earlier start: each one lets in one window.',
  'no-entry.alone': 'This address alone does not open the workstation.',
  'no-entry.why':
    'Recordings and answers are shown only in windows that the workstation has let in, so that no other program or account on this machine can look at them.',
  'no-entry.tab':
    'Is it open in another tab of this browser? Go on there, or choose <em>Try again</em> here.',
  'no-entry.newest':
    'Otherwise open the newest address that the workstation printed in its terminal. It begins with <code>{origin}/?token=</code>',
  'no-entry.start': 'If no terminal is open, start the workstation again with <code>npm start</code>.',
  'dialog.try-again': 'Try again',
  'dialog.cancel': 'Cancel',
  'folder.open': 'Open a video',
  'folder.add': 'Add a file to this case',
  'folder.relink': 'Locate the file',
  'folder.model': 'Choose a model’s folder',
  'folder.base': 'Choose the base model’s folder',
  'folder.folders': 'Folders',
  'folder.folders-and-videos': 'Folders and videos',
  'folder.choose-hint': 'Go into the folder, or choose one that is marked as a model.',
  'folder.choose': 'Choose this folder',
  'folder.above': 'Folder above',
  'folder.above-hint': 'Folder above (Backspace)',
  'folder.places': 'Places',
  'folder.typed': 'Part of a name, or a path',
  'folder.typed-example': 'Part of a name, or a path: /home/me/Videos/…',
  'folder.go': 'Go there',
  'folder.like-model': 'looks like a model',
  'folder.no-match': 'Nothing here is called so.',
  'folder.no-folders': 'No folders here. Backspace goes to the folder above.',
  'folder.no-videos': 'No folders or videos here. Backspace goes to the folder above.',
  'backups.keep': 'Keep what is here',
  'backups.title': 'Backups of the database',
  'backups.present':
    'The database holds <strong>{content}</strong>. When a backup is restored, the database as it is now becomes a backup itself: nothing is lost, and this can be taken back.',
  'backups.pictures': {
    one: 'Beside it lie the pictures of {count} frame that were asked about ({size}), which no backup holds.',
    other:
      'Beside it lie the pictures of {count} frames that were asked about ({size}), which no backup holds.',
  },
  'backups.none': 'There are no backups yet. One is written a day.',
  'backups.list': 'Backups',
  'backups.unreadable': 'It can’t be read.',
  'backups.changed': 'last change {when}',
  'backups.more': 'Holds what the database does not hold.',
  'backups.restore-of': 'Restore the backup of {when}',
  'backups.restoring': 'Restoring…',
  'backups.restore': 'Restore',
  'backups.looking': 'Looking at the backups…',
} as const satisfies Catalogue;
