import { asking } from './asking.ts';
import { settings } from './settings.ts';

/** Every text of the window that is ready to be translated, by its key. A part of the window has a file of its own. */
export const english = { ...asking, ...settings } as const;
