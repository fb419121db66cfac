/** Characters that command a terminal, break a line or turn the direction of writing around; none belongs in a name. */
const commanding =
  /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/**
 * A name that comes from outside (of a file, a folder, a model) as it can be shown: what would command or mislead is
 * written out. "scan\u202e4pm.exe" would read as "scanexe.mp4"; shown it is "scan[U+202E]4pm.exe".
 */
export function visibleText(text: string): string {
  return text.replace(
    commanding,
    (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}
