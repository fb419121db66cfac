import type { Catalogue, Message } from './message.ts';

const accented: Readonly<Record<string, string>> = {
  ...{ a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', y: 'ý', c: 'ç', n: 'ñ', s: 'š', z: 'ž' },
  ...{ A: 'Á', E: 'É', I: 'Í', O: 'Ó', U: 'Ú', Y: 'Ý', C: 'Ç', N: 'Ñ', S: 'Š', Z: 'Ž' },
};

/** A text, with its places and markings as they are, as a long language would have it: bracketed, so that a cut shows, accented, and longer by two fifths. */
export function pseudoText(text: string): string {
  const parts = text.split(/(\{[a-zA-Z]+\}|<\/?[a-z]+>)/);
  const words = parts.map((part, index) =>
    index % 2 === 1 ? part : part.replace(/[a-zA-Z]/g, (letter) => accented[letter] ?? letter),
  );
  return `⟦${words.join('')}${'~'.repeat(Math.ceil(text.length * 0.4))}⟧`;
}

const pseudoMessage = (message: Message): Message =>
  typeof message === 'string' ? pseudoText(message) : { other: pseudoText(message.other) };

/** A translation into no language, by which a look at the window shows what is not in the catalogue, and what has no room. */
export const pseudoCatalogue = (catalogue: Catalogue): Catalogue =>
  Object.fromEntries(Object.entries(catalogue).map(([key, message]) => [key, pseudoMessage(message)]));
