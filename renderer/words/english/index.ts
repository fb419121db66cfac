import { asking } from './asking.ts';
import { lists } from './lists.ts';
import { settings } from './settings.ts';
import { tour } from './tour.ts';

/** Every text of the window that is ready to be translated, by its key. A part of the window has a file of its own. */
export const english = { ...asking, ...lists, ...settings, ...tour } as const;
