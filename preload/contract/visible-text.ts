import { z } from 'zod';

/**
 * Characters that do something rather than stand for something: they command a terminal, end a line, cannot be seen, or turn
 * the order of letters round. Names of files, models and cases may hold them, and so may what a model writes.
 */
const commanding =
  /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/**
 * Text as it can be shown: what would command or mislead is written as its code, but for the characters in `kept`. A file
 * `scan\u202e4pm.exe` would read "scanexe.mp4".
 */
export const visibleText = (text: string, kept = ''): string =>
  text.replace(commanding, (character) =>
    kept.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A name on its way to a person: whoever shows it shows what it is. */
export const ShownName = z.string().transform((text) => visibleText(text));

/** A message, which may quote such a name; its own lines stay. */
export const ShownMessage = z.string().transform((text) => visibleText(text, '\n\t'));
