import { z } from 'zod';

/**
 * Characters that act instead of being seen: they control a terminal, end a line, are invisible, or reverse the order of
 * letters. Names of files, models and cases may contain them, and so may a model's text. The joiners that Persian, Hindi and
 * emoji need are not among them.
 */
const commanding =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Makes text safe to show, by writing characters that act or mislead as their codes, except those in `kept`. Otherwise a file
 * `scan\u202e4pm.exe` would read "scanexe.mp4".
 */
export const visibleText = (text: string, kept = ''): string =>
  text.replace(commanding, (character) => (kept.includes(character) ? character : codeOf(character)));

/** The code of a character as `\u202e`, or as `\u{e0041}` if it has more than four digits. */
function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  return code.length > 4 ? `\\u{${code}}` : `\\u${code}`;
}

/** A name that is shown to people. Hidden characters are made visible here, so that no place that shows it can forget that. */
export const ShownName = z.string().transform((text) => visibleText(text));

/** A message, which may quote such a name. Its own line breaks stay. */
export const ShownMessage = z.string().transform((text) => visibleText(text, '\n\t'));
