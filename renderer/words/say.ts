import { english } from './english/index.ts';
import { filled, type Catalogue, type Message, type ValuesOf } from './message.ts';
import { pseudoCatalogue } from './pseudo.ts';

type English = typeof english;
export type MessageKey = keyof English;
type Given<Key extends MessageKey> = keyof ValuesOf<English[Key]> extends never
  ? []
  : [values: ValuesOf<English[Key]>];

/** Where a browser keeps the language that its window is to have. */
export const languageSetting = 'language';
/** The language that is none: English made longer, accented and bracketed, for looking for what has no translation or no room. */
export const pseudoLanguage = 'en-XA';

interface Language {
  /** As in `lang`, and for the rules of plurals. */
  readonly tag: string;
  /** What is missing here is said in English. */
  readonly catalogue: Catalogue;
}

/** The languages besides English. A translation is one more line here, with a catalogue of the same keys. */
const languages: Readonly<Record<string, () => Language>> = {
  [pseudoLanguage]: () => ({ tag: 'en', catalogue: pseudoCatalogue(english) }),
};

let language: Language = { tag: 'en', catalogue: {} };

/** Chooses the language of the window, before its first text is said. One that is not there leaves English. */
export function chooseLanguage(tag: string | null): void {
  const known = tag === null ? undefined : languages[tag];
  language = known?.() ?? { tag: 'en', catalogue: {} };
}

/** The text of a key in the window's language, filled with what it names between braces. */
export function say<Key extends MessageKey>(key: Key, ...[values]: Given<Key>): string {
  const message: Message = language.catalogue[key] ?? english[key];
  return filled(message, values ?? {}, language.tag);
}
