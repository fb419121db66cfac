import { z } from 'zod';

/**
 * Characters that do something rather than stand for something: they command a terminal, end a line, cannot be seen, or turn
 * the order of letters round (the joiners that Persian, Hindi and emoji need are none of them). Names of files, models and cases may hold them, and so may what a model writes.
 */
const commanding =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Text as it can be shown: what would command or mislead is written as its code, but for the characters in `kept`. A file
 * `scan\u202e4pm.exe` would read "scanexe.mp4".
 */
export const visibleText = (text: string, kept = ''): string =>
  text.replace(commanding, (character) => (kept.includes(character) ? character : codeOf(character)));

/** `\u202e`, or `\u{e0041}` beyond four digits. */
function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  return code.length > 4 ? `\\u{${code}}` : `\\u${code}`;
}

/** A name on its way to a person: whoever shows it shows what it is. */
export const ShownName = z.string().transform((text) => visibleText(text));

/** A message, which may quote such a name; its own lines stay. */
export const ShownMessage = z.string().transform((text) => visibleText(text, '\n\t'));
