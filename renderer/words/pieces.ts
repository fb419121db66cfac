/** What may be marked in a text. Anything else that looks like markup is text, so what people typed can't become markup. */
export const markings = ['em', 'strong', 'code', 'kbd'] as const;

export interface Piece {
  readonly tag: (typeof markings)[number] | null;
  readonly text: string;
}

const marked = new RegExp(`<(${markings.join('|')})>(.*?)</\\1>`, 'gs');

/** Splits a text at what is marked in it, such as `Choose <em>Try again</em>.`, into pieces in their order. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(marked)) {
    if (match.index > from) pieces.push({ tag: null, text: text.slice(from, match.index) });
    pieces.push({ tag: match[1] as Piece['tag'], text: match[2] ?? '' });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ tag: null, text: text.slice(from) });
  return pieces;
}
