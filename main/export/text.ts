/** Width in pixels of words set at a size in pixels. */
export type MeasureText = (words: string, size: number) => number;

const ELLIPSIS = '…';

/**
 * One line that fits: set smaller down to `minimum`, then cut with an ellipsis. Sizes step by whole pixels
 * below the wanted one.
 */
export function fitLine(
  words: string,
  room: number,
  wanted: number,
  minimum: number,
  measure: MeasureText,
): { fitted: string; size: number } {
  let size = Math.max(minimum, Math.round(wanted));
  while (size > minimum && measure(words, size) > room) size -= 1;
  if (measure(words, size) <= room) return { fitted: words, size };
  const characters = [...words];
  while (characters.length > 0 && measure(characters.join('') + ELLIPSIS, size) > room) characters.pop();
  return { fitted: characters.join('').trimEnd() + ELLIPSIS, size };
}

/** Breaks words into lines that fit; a word that is longer than a line is broken inside. */
export function wrapText(words: string, room: number, measure: (line: string) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (measure(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (measure(line) > room && [...line].length > 1) {
      const head = longestHead([...line], room, measure);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** At least one character, so that breaking comes to an end. */
function longestHead(characters: string[], room: number, measure: (line: string) => number): string {
  let length = 1;
  while (length < characters.length && measure(characters.slice(0, length + 1).join('')) <= room) length += 1;
  return characters.slice(0, length).join('');
}
