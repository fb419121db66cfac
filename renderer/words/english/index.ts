import { answerPart } from './answer.ts';
import { marksPart } from './marks.ts';
import { modelsPart } from './models.ts';
import { picturePart } from './picture.ts';
import { windowPart } from './window.ts';
import { asking } from './asking.ts';
import { dialogs } from './dialogs.ts';
import { finding } from './finding.ts';
import { keys } from './keys.ts';
import { library } from './library.ts';
import { lists } from './lists.ts';
import { settings } from './settings.ts';
import { stage } from './stage.ts';
import { tour } from './tour.ts';

/** Every text of the window that is ready to be translated, by its key. A part of the window has a file of its own. */
export const english = {
  ...answerPart,
  ...marksPart,
  ...modelsPart,
  ...picturePart,
  ...windowPart,
  ...asking,
  ...dialogs,
  ...finding,
  ...keys,
  ...library,
  ...lists,
  ...settings,
  ...stage,
  ...tour,
} as const;
