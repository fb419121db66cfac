/** Width in pixels of words set at a size in pixels. */
export type MeasureText = (words: string, size: number) => number;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** As a person counts them: an accent or a joined sign stays with its letter. */
export const charactersOf = (text: string): string[] =>
  [...characters.segment(text)].map(({ segment }) => segment);

/**
 * Words whole: in one line, set smaller down to `minimum` where that makes it fit, else in as many lines as they take. Sizes
 * step by whole pixels below the wanted one.
 */
export function fitLines(
  words: string,
  room: number,
  wanted: number,
  minimum: number,
  measure: MeasureText,
): { lines: string[]; size: number } {
  let size = Math.max(minimum, Math.round(wanted));
  while (size > minimum && measure(words, size) > room) size -= 1;
  return { lines: wrapText(words, room, (line) => measure(line, size)), size };
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
    while (measure(line) > room) {
      const letters = charactersOf(line);
      if (letters.length < 2) break;
      const head = longestHead(letters, room, measure);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** At least one character, so that breaking comes to an end. */
function longestHead(letters: string[], room: number, measure: (line: string) => number): string {
  let fits = 1;
  let tooLong = letters.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (measure(letters.slice(0, middle).join('')) <= room) fits = middle;
    else tooLong = middle;
  }
  return letters.slice(0, fits).join('');
}
