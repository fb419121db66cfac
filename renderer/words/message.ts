import { grouped } from '../../preload/contract/index.ts';

/**
 * A message that depends on a number, which it names `{count}`. The forms are those of `Intl.PluralRules`: English needs `one`
 * and `other`, and a translation has those of its language.
 */
export type PluralMessage = { readonly other: string } & { readonly [Form in Intl.LDMLPluralRule]?: string };

/** One text of the window. What is put into it stands between braces: `Go to {place}`. */
export type Message = string | PluralMessage;

/** The texts of a part of the window, by their keys. */
export type Catalogue = Readonly<Record<string, Message>>;

/** The names between the braces of a text. */
type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** What has to be given to fill a message. */
export type ValuesOf<Of extends Message> = {
  readonly [
    Name in Of extends string
      ? NamesIn<Of>
      : Of extends { readonly other: infer Other extends string }
        ? NamesIn<Other> | 'count'
        : never
  ]: Name extends 'count' ? number : string | number;
};

type Values = Readonly<Record<string, string | number>>;

/** Fills a message in the rules of a language. Numbers are grouped as everywhere in the window. */
export function filled(message: Message, values: Values, language: string): string {
  const text = typeof message === 'string' ? message : formOf(message, Number(values['count']), language);
  return text.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? grouped(value) : value;
  });
}

const rules = new Map<string, Intl.PluralRules>();

function formOf(message: PluralMessage, count: number, language: string): string {
  const known = rules.get(language) ?? new Intl.PluralRules(language);
  rules.set(language, known);
  return message[known.select(count)] ?? message.other;
}
